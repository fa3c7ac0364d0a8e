"""`trueward status`: how far is it?"""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from reports.cli.options import JsonOption, print_json
from reports.durations import lasting
from reports.standing import standing
from reports.standing.base import Standing
from reports.text import visible
from simulate.errors import BadInput

QUIET = 300.0  # seconds without a write, after which it is asked whether the run still lives


def status_command(
    folder: Annotated[Path, typer.Argument(help="The folder of a sweep, a run, a comparison or a fine-tune.")],
    watch: Annotated[bool, typer.Option("--watch", help="On a terminal: look again until it has ended.")] = False,
    every: Annotated[float, typer.Option(min=0.1, help="Seconds from look to look.")] = 2.0,
    as_json: JsonOption = False,
) -> None:
    """Say how far a sweep, a run, a comparison or a fine-tune is; reads the folder and never writes there."""
    if as_json:
        print_json(document(standing(folder), folder, time.time()))
    elif watch and sys.stdout.isatty():
        _watched(folder, every)
    else:
        Console(highlight=False, soft_wrap=True).print(*lines(standing(folder), folder, time.time()), sep="\n")


def document(found: Standing, folder: Path, now: float) -> dict[str, Any]:
    """For programs: `facts` by name, ages in seconds."""
    age = None if found.written is None else round(max(0.0, now - found.written), 1)
    told = {**asdict(found), "facts": dict(found.facts), "age": age, "folder": str(folder)}
    return {key: value for key, value in told.items() if key != "written"}


def lines(found: Standing, folder: Path, now: float) -> list[Text]:
    """For people: names of others are text, never markup."""
    state = "ended" if found.ended else f"{found.done} of {found.total} {found.units}"
    said = [f"{found.what} of {found.scenario}: {state}", *(f"{name}: {value}" for name, value in found.facts)]
    if found.written is not None:
        said.append(f"last write: {lasting(now - found.written)} ago")
        if not found.ended and now - found.written > QUIET:
            said.append(f"interrupted? then `trueward resume {folder}` goes on")
    return [Text(visible(line).replace("\n", "\\n")) for line in said]


def _watched(folder: Path, every: float) -> None:
    with Live(console=Console(highlight=False), auto_refresh=False) as live:
        while True:
            found = _seen(folder)
            bar = ProgressBar(total=found.total or 1, completed=found.done, width=40)
            live.update(Group(*lines(found, folder, time.time()), bar), refresh=True)
            if found.ended:
                return
            time.sleep(every)


def _seen(folder: Path) -> Standing:
    """Looks a second time before it gives up: between two files of a folder that is being finished."""
    try:
        return standing(folder)
    except BadInput:
        time.sleep(0.5)
        return standing(folder)
