"""`trueward report`: one page, as HTML, PDF, Markdown and tables, from run folders."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from reports.cli.options import JsonOption, OutOption, print_json
from simulate.errors import printable

FORMATS = "html,pdf,markdown,tables"


def report_command(
    folders: Annotated[list[Path], typer.Argument(help="Run folders, or the folder of a comparison.")],
    out: OutOption = None,
    formats: Annotated[str, typer.Option("--format", help="What to write, with commas between.")] = FORMATS,
    as_json: JsonOption = False,
) -> None:
    """Write one self-contained HTML page, the same as PDF and in short as Markdown, with figures and tables beside."""
    from reports.report import write_formats

    written = write_formats(folders, out, [name.strip() for name in formats.split(",") if name.strip()])
    for note in written.notes:
        print(f"trueward: {printable(note)}", file=sys.stderr)
    if as_json:
        files = [str(written.folder / name) for name in written.files]
        print_json({"report": str(written.page), "files": files, "notes": list(written.notes)})
    else:
        typer.echo(str(written.page))
