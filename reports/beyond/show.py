"""An experiment on the terminal, as one JSON document, and as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.beyond import PICTURES
from reports.beyond.base import caption, finding, picture
from reports.drawing import svg
from simulate.beyond import BEYOND
from simulate.beyond.base import Found
from simulate.whole_file import replace_file

TINY = 5e-7
MOST_COLUMNS = 6  # values of x on the terminal; the CSV has them all


def document(name: str, found: Found, seed: int) -> dict[str, Any]:
    """The contract's cells; ``paper`` is null, since the paper has no such experiment."""
    cells = [
        {
            "row": point.series,
            "column": f"{point.quantity} at {point.x:g}",
            "paper": None,
            "ours": _finite(point.value),
            "difference": None,
            "setting": "beyond the paper",
            "low": _finite(point.low),
            "high": _finite(point.high),
            "games": point.games,
            "status": point.status,
        }
        for point in found.points
    ]
    return {
        "name": name,
        "question": BEYOND[name].question,
        "setting": BEYOND[name].setting,
        "seed": seed,
        "games": found.games,
        "verdicts": list(found.verdicts),
        "cells": cells,
    }


def _finite(value: float) -> float | None:
    return value if abs(value) < float("inf") else None


def printed(name: str, found: Found, console: Console) -> None:
    """The question, a table a quantity, and the verdicts."""
    console.print(Text(BEYOND[name].question, style="bold"))
    console.print(Text(BEYOND[name].setting, style="dim"))
    frame = found.frame()
    for quantity, own in frame.groupby("quantity", sort=False):
        console.print(_table(str(quantity), own))
    for verdict in found.verdicts:
        console.print(Text(verdict))


def _table(quantity: str, own: Any) -> Table:
    places = sorted(set(own["x"]))
    shown = [places[round(k)] for k in np.linspace(0, len(places) - 1, min(len(places), MOST_COLUMNS))]
    table = Table(title=Text(quantity), title_justify="left")
    table.add_column("", ratio=1)
    for place in shown:
        table.add_column(f"{place:.4g}", justify="right", no_wrap=True)
    table.add_column("", no_wrap=True)
    for series, rows in own.groupby("series", sort=False):
        values = dict(zip(rows["x"], rows["value"], strict=True))
        status = str(rows["status"].iloc[0])
        table.add_row(Text(str(series)), *(_short(values.get(x)) for x in shown), status)
    return table


def _short(value: float | None) -> str:
    """Three digits; ends of the curves are in the sentences with their intervals, all of it in the CSV."""
    return "" if value is None else f"{value:.3g}" if abs(value) > TINY else "0"


def written(name: str, found: Found, folder: Path) -> None:
    """``NAME.svg``, ``NAME.csv`` and ``NAME.md``: the picture, what it draws, and what is said about it."""
    folder.mkdir(parents=True, exist_ok=True)
    drawn, experiment = PICTURES[name], BEYOND[name]
    words = [
        f"# {experiment.question}",
        *found.verdicts,
        f"![{finding(drawn, found)}]({name}.svg)",
        caption(drawn, experiment, found),
    ]
    replace_file(folder / f"{name}.svg", svg(picture(drawn, found)))
    replace_file(folder / f"{name}.csv", found.frame().to_csv(index=False).encode("utf-8"))
    replace_file(folder / f"{name}.md", ("\n\n".join(words) + "\n").encode("utf-8"))
