"""`trueward report`: a page from run folders."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.cli.options import JsonOption, OutOption, print_json


def report_command(
    folders: Annotated[list[Path], typer.Argument(help="Run folders, or the folder of a comparison.")],
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page, with its figures and tables beside it."""
    from reports.report import write_report

    page = write_report(folders, out)
    if as_json:
        print_json({"report": str(page)})
    else:
        typer.echo(str(page))
