"""`trueward reproduce`: what the base paper states, ours beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from reports.cli.options import JsonOption, print_json, progress
from simulate.errors import BadInput, no_such

if TYPE_CHECKING:
    from simulate.theorems.base import Measured, Theorem

REPRODUCTIONS = {
    "theorems": "every theorem of the base paper, its bound beside the worst case met",
    "heuristics": "beyond the paper: the two payment heuristics of its section 4.4 against compute",
    "one-fine-tune": "beyond the paper: payments from the deployed model alone, against samples and compute",
    "repeated": "beyond the paper: learning groups, with and without its payment",
    "collusion": "beyond the paper: coalitions and false names, where its payment breaks",
    "drift": "beyond the paper: each round's model is the next round's reference",
}


def reproduce_command(
    name: Annotated[str | None, typer.Argument(help=f"One of {', '.join(REPRODUCTIONS)}.", show_default=False)] = None,
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="NUMBER", help="This theorem alone, e.g. 4.4; repeatable.")
    ] = None,
    games: Annotated[
        int | None, typer.Option(min=1, help="Random games: 1000 for each theorem; experiments have their own default.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Root of all random games.")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for an experiment's figure (SVG), table (CSV) and words (Markdown).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """What the base paper states, measured again; exit code 1 if something does not hold."""
    if name is None:
        _listed(as_json)
        return
    if name not in REPRODUCTIONS:
        raise no_such("reproduction", name, REPRODUCTIONS)
    if name != "theorems":
        if only:
            raise BadInput(f"--only {only[0]}: {name} has no theorems; allowed with theorems alone")
        _experiment(name, seed, games, out, as_json)
        return
    if out is not None:
        raise BadInput(f"--out {out}: theorems have no figure; allowed with {', '.join(list(REPRODUCTIONS)[1:])}")
    found = _measured(only, seed, games or 1000)
    if as_json:
        print_json({"name": name, "cells": [_cell(theorem, one) for theorem, ones in found for one in ones]})
    else:
        _printed(found)
    if not all(one.holds for _, ones in found for one in ones):
        raise typer.Exit(1)


def _listed(as_json: bool) -> None:
    if as_json:
        print_json([{"name": name, "summary": summary} for name, summary in REPRODUCTIONS.items()])
        return
    table = Table(show_header=False, box=None, padding=(0, 2))
    for name, summary in REPRODUCTIONS.items():
        table.add_row(Text(name, style="bold"), summary)
    Console().print(table)


def _experiment(name: str, seed: int, games: int | None, out: Path | None, as_json: bool) -> None:
    from reports.beyond.show import document, printed, written
    from simulate.beyond import BEYOND

    if games == 1:
        raise BadInput(f"--games 1: {name} has intervals over games; allowed is 2 or more")
    if out is not None and out.exists() and not out.is_dir():
        raise BadInput(f"--out {out}: is a file; a folder is expected")
    experiment = BEYOND[name]
    with progress(name, 1) as advance:
        found = experiment.run(seed, games or experiment.games)
        advance(1)
    if out is not None:
        written(name, found, out)
    if as_json:
        print_json(document(name, found, seed))
    else:
        printed(name, found, Console())


def _measured(only: Sequence[str] | None, seed: int, games: int) -> list[tuple[Theorem, tuple[Measured, ...]]]:
    from simulate.theorems import THEOREMS

    for number in only or ():
        if number not in THEOREMS:
            raise no_such("theorem", number, THEOREMS)
    chosen = [theorem for number, theorem in THEOREMS.items() if not only or number in only]
    found = []
    with progress("theorems", len(chosen)) as advance:
        for theorem in chosen:
            found.append((theorem, theorem.check(seed, games)))
            advance(1)
    return found


def _cell(theorem: Theorem, one: Measured) -> dict[str, Any]:
    """A cell of the contract, and by which comparison ``ours`` is to be read against ``paper``."""
    ours = _finite(one.worst)
    return {
        "row": theorem.number,
        "column": one.what,
        "paper": one.bound,
        "ours": ours,
        "difference": None if ours is None else ours - one.bound,
        "setting": theorem.setting,
        "claim": one.claim,
        "holds": one.holds,
        "tried": one.tried,
        "note": one.note,
    }


def _finite(value: float) -> float | None:
    """JSON has no infinity and no nan."""
    return value if abs(value) < float("inf") else None


def _printed(found: Sequence[tuple[Theorem, tuple[Measured, ...]]]) -> None:
    table = Table()
    table.add_column("theorem")
    table.add_column("statement, and what is measured", ratio=1)
    for heading in ("paper", "worst met", "tried"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for theorem, ones in found:
        table.add_row(Text(theorem.number, style="bold"), Text(theorem.statement))
        for one in ones:
            numbers = (f"{one.claim} {one.bound:g}", f"{one.worst:.3g}", f"{one.tried:,}")
            verdict = Text("holds", style="green") if one.holds else Text("FAILS", style="bold red")
            table.add_row("", Padding(Text(one.what), (0, 0, 0, 2)), *numbers, verdict)
            if one.note:
                table.add_row("", Padding(Text(one.note, style="dim"), (0, 0, 0, 4)))
        table.add_section()
    console = Console()
    console.print(table)
    measured = [one for _, ones in found for one in ones]
    held = sum(one.holds for one in measured)
    console.print(
        f"{held} of {len(measured)} claims of {len(found)} theorems hold; rounding and quadrature are allowed for.",
        highlight=False,
    )
