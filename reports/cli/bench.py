"""`trueward bench`: ratios against peers measured in the same run."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import JsonOption, print_json, progress
from simulate.errors import BadInput, no_such


def bench_command(
    name: Annotated[str | None, typer.Argument(help="One of them, e.g. thousand_games; all if left out.")] = None,
    page: Annotated[
        Path | None, typer.Option(help="Markdown file whose part below '## Measured' is replaced by all ratios.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time our code against peers in the same run; ratio = ours / peer, so smaller is better."""
    from simulate.benchmarks import BENCHMARKS
    from simulate.benchmarks.base import measured

    if name is not None and name not in BENCHMARKS:
        raise no_such("benchmark", name, BENCHMARKS)
    if page is not None and name is not None:
        raise BadInput("--page keeps the ratios of all benchmarks: leave NAME out")
    if page is not None and not page.absolute().parent.is_dir():
        raise BadInput(f"--page {page}: there is no folder {page.parent}")
    from reports.benchmarks import HEADINGS, cells, updated

    found, load = [], os.getloadavg()[0]
    with progress("benchmarks", 1 if name else len(BENCHMARKS)) as advance:
        for key in [name] if name else BENCHMARKS:
            found.append(measured(key, BENCHMARKS[key]))
            advance(1)
    if page is not None:
        before = page.read_text(encoding="utf-8") if page.exists() else ""
        page.write_text(updated(before, found, load), encoding="utf-8")
    if as_json:
        print_json([{**asdict(timing), "met": timing.met} for timing in found])
    else:
        table = Table()
        for heading in HEADINGS:
            table.add_column(heading, no_wrap=heading == HEADINGS[0])
        for timing in found:
            table.add_row(*map(Text, cells(timing)))
        console = Console(highlight=False)
        console.print(table)
        for timing in found:
            note = f"not measured: {timing.reason}" if timing.reason else f"beside {timing.peer}"
            console.print(Text(f"{timing.name}: {note}"))
    if any(timing.failed for timing in found):
        raise typer.Exit(1)
