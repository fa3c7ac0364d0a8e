"""`trueward reproduce`: what the base paper prints, ours beside it, and what lies beyond."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import JsonOption, OutOption, print_json, progress
from simulate.errors import BadInput, no_such

if TYPE_CHECKING:
    from simulate.reproductions.base import Cell, Reproduced, Size

ALL = "all"


def reproduce_command(
    names: Annotated[
        list[str] | None, typer.Argument(help="Tables, theorems, experiments, or all; none: they are listed.")
    ] = None,
    draws: Annotated[int, typer.Option(min=2, help="Random games of table-1.")] = 100_000,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NUMBER", help="This theorem alone, e.g. 4.4; repeatable.")
    ] = None,
    games: Annotated[
        int | None, typer.Option(min=2, help="Random games: 1000 for each theorem; experiments have their own default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of all random games.")] = 0,
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """The base paper's numbers, ours beside them; exit code 1 if something that should agree does not."""
    from simulate.reproductions import REPRODUCTIONS
    from simulate.reproductions.base import Size

    if not names:
        _listed(as_json)
        return
    for name in names:
        if name != ALL and name not in REPRODUCTIONS:
            raise no_such("reproduction", name, [*REPRODUCTIONS, ALL])
    chosen = list(REPRODUCTIONS) if ALL in names else list(dict.fromkeys(names))
    if only and "theorems" not in chosen:
        raise BadInput(f"--only {only[0]}: {', '.join(chosen)} has no theorems; allowed with theorems alone")
    started, size = datetime.now(UTC), Size(seed, draws, games, tuple(only or ()))
    place = out or (Path("runs") / "reproduction" if ALL in names else None)
    if place is not None and place.exists() and not place.is_dir():
        raise BadInput(f"--out {place}: is a file; a folder is expected")
    found = {name: _made(name, size, place, quiet=as_json) for name in chosen}
    page = None if place is None else _written(found, size, started, place)
    if as_json:
        documents = [_document(name, one) for name, one in found.items()]
        print_json(documents[0] if len(names) == 1 and ALL not in names else documents)
    elif page is not None:
        Console().print(f"report: {page}", highlight=False, soft_wrap=True)
    if not all(one.holds for one in found.values()):
        raise typer.Exit(1)


def _made(name: str, size: Size, place: Path | None, quiet: bool) -> Reproduced:
    from reports.reproductions.terminal import say
    from simulate.reproductions import REPRODUCTIONS

    with progress(name, REPRODUCTIONS[name].steps(size)) as advance:
        found = REPRODUCTIONS[name].make(size, advance)
    if place is not None:
        _kept(name, found, place / "cells")
    if not quiet:
        say(Console(), name, found)
    return found


def _kept(name: str, found: Reproduced, folder: Path) -> None:
    """A part's numbers are there as soon as it ends, whatever becomes of the next."""
    from simulate.whole_file import replace_file

    text = json.dumps(_document(name, found), indent=1, allow_nan=False, ensure_ascii=False)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(folder / f"{name}.json", f"{text}\n".encode())
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None


def _document(name: str, found: Reproduced) -> dict[str, Any]:
    return {"name": name, "cells": [_cell(cell) for cell in found.cells], "says": list(found.says)}


def _written(found: Mapping[str, Reproduced], size: Size, started: datetime, place: Path) -> Path:
    from reports.report import write_outputs
    from reports.reproductions.page import reproduction_report

    ended = datetime.now(UTC)
    manifest = {"start": started.isoformat(timespec="seconds"), "end": ended.isoformat(timespec="seconds")}
    return write_outputs(reproduction_report(found, size, manifest), place).page


def _listed(as_json: bool) -> None:
    from simulate.reproductions import REPRODUCTIONS

    if as_json:
        print_json([{"name": name, "summary": one.summary} for name, one in REPRODUCTIONS.items()])
        return
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, one in REPRODUCTIONS.items():
        table.add_row(Text(name, style="bold"), one.summary)
    Console().print(table)


def _cell(cell: Cell) -> dict[str, Any]:
    """A cell of the contract, and by which comparison ``ours`` is to be read against ``paper``."""
    keys = ("row", "column", "paper", "ours", "difference", "setting", "claim", "matches", "error", "low", "high")
    return {key: _finite(getattr(cell, key)) for key in keys} | {"tried": cell.tried, "note": cell.note}


def _finite(value: Any) -> Any:
    """JSON has no infinity and no nan."""
    return None if isinstance(value, float) and not abs(value) < float("inf") else value
