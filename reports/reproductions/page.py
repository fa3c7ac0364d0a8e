"""One report on everything that was reproduced: the same context for a page, a PDF, Markdown and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from reports.beyond import PICTURES
from reports.beyond.base import caption, finding, picture
from reports.drawing import Drawing, svg
from reports.outputs.base import Report
from reports.provenance import environment_in
from reports.reproductions.terminal import printed_value
from reports.text import counted
from simulate.beyond import BEYOND
from simulate.beyond.base import Found
from simulate.manifest import provenance
from simulate.reproductions.base import Cell, Reproduced, Size
from simulate.theorems import THEOREMS

SETTINGS = {
    "stated": "as the paper states it; where it states nothing, as the text beside the table says",
    "reconstructed": "fitted to the printed numbers; not known to be the paper's own",
    "beyond": "an experiment that the paper does not have; nothing was printed",
}
MOST_COLUMNS = 8  # of a grid; longer ones are in the figure and in the CSV


@dataclass(frozen=True)
class Section:
    """A reproduction on the page."""

    name: str
    title: str
    says: tuple[str, ...]
    columns: tuple[str, ...]
    rows: tuple[tuple[str, str, tuple[Cell | None, ...]], ...]  # row, setting, cells
    theorems: tuple[tuple[str, str, Cell], ...]  # number, statement, cell
    image: Drawing | None
    caption: str
    finding: str


def reproduction_report(found: Mapping[str, Reproduced], size: Size, manifest: dict[str, Any]) -> Report:
    """Everything that was reproduced, in the order of the catalogue."""
    images = {name: Drawing(partial(_drawn, name, one.found)) for name, one in found.items() if one.found is not None}
    frames = {name: cells_frame(one) for name, one in found.items()}
    context = {
        "title": "Trueward: the base paper, reproduced",
        "question": "Do the base paper's numbers come out, and what lies beyond them?",
        "headline": headline(found),
        "sections": [_section(name, one, images.get(name)) for name, one in found.items()],
        "settings": SETTINGS,
        "printed": printed_value,
        "command": _command(found, size),
        "environment": environment_in([{**provenance(), **manifest}]),
    }
    return Report("reproduction.html", "reproduction.md", context, images, frames)


def headline(found: Mapping[str, Reproduced]) -> str:
    """How many cells agree, of those for which that is claimed."""
    claimed = [cell for one in found.values() for cell in one.cells if cell.matches is not None]
    near = sum(bool(cell.matches) for cell in claimed)
    beyond = sum(all(cell.setting == "beyond" for cell in one.cells) for one in found.values())
    more = f", and {counted(beyond, 'experiment')} {'goes' if beyond == 1 else 'go'} beyond the paper" if beyond else ""
    return f"{near} of {len(claimed)} numbers for which agreement is claimed agree{more}."


def cells_frame(found: Reproduced) -> pd.DataFrame:
    """One row a cell; of an experiment, the frame that its figure draws."""
    if found.found is not None:
        return found.found.frame()
    numbers = ("paper", "ours", "difference", "error", "low", "high")
    columns = ("row", "column", "setting", "claim", *numbers, "tried", "matches", "note")
    frame = pd.DataFrame([[getattr(cell, key) for key in columns] for cell in found.cells], columns=list(columns))
    return frame.astype({**dict.fromkeys(numbers, float), "tried": "Int64", "matches": "boolean"})


def _section(name: str, one: Reproduced, image: Drawing | None) -> Section:
    theorems = _stated(one.cells) if name == "theorems" else ()
    columns = tuple(dict.fromkeys(cell.column for cell in one.cells))
    gridded = not theorems and one.found is None and len(columns) <= MOST_COLUMNS
    rows = _rows(one.cells, columns) if gridded else ()
    said = ("", "") if one.found is None else _told(name, one.found)
    return Section(name, one.title, one.says, columns, rows, theorems, image, *said)


def _drawn(name: str, found: Found) -> bytes:
    return svg(picture(PICTURES[name], found))


def _told(name: str, found: Found) -> tuple[str, str]:
    """Caption, and what one sees."""
    return caption(PICTURES[name], BEYOND[name], found), finding(PICTURES[name], found)


def _stated(cells: Sequence[Cell]) -> tuple[tuple[str, str, Cell], ...]:
    """A theorem's number and statement stand beside its first quantity alone."""
    firsts = [not i or cells[i - 1].row != cell.row for i, cell in enumerate(cells)]
    return tuple(
        (cell.row, THEOREMS[cell.row].statement, cell) if first else ("", "", cell)
        for cell, first in zip(cells, firsts, strict=True)
    )


def _rows(cells: Sequence[Cell], columns: Sequence[str]) -> tuple[tuple[str, str, tuple[Cell | None, ...]], ...]:
    found: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in cells:
        found.setdefault((cell.row, cell.setting), {})[cell.column] = cell
    return tuple((row, setting, tuple(mine.get(c) for c in columns)) for (row, setting), mine in found.items())


def _command(found: Mapping[str, Reproduced], size: Size) -> str:
    default = Size()
    options = [
        f" --{key} {getattr(size, key)}"
        for key in ("seed", "draws", "games")
        if getattr(size, key) != getattr(default, key)
    ]
    return f"trueward reproduce {' '.join(found)}{''.join(options)} --out reproduction"
