"""Every theorem of the base paper, its bound beside the worst case met."""

from __future__ import annotations

from simulate.errors import no_such
from simulate.reproductions.base import Cell, Progress, Reproduced, Reproduction, Setting, Size
from simulate.theorems import THEOREMS
from simulate.theorems.base import Measured, Theorem

GAMES = 1000  # by default


def chosen(size: Size) -> dict[str, Theorem]:
    """All of them, or those of ``size.only``.  Raises BadInput for others."""
    for number in size.only:
        if number not in THEOREMS:
            raise no_such("theorem", number, THEOREMS)
    return {number: theorem for number, theorem in THEOREMS.items() if not size.only or number in size.only}


def check(size: Size, progress: Progress) -> Reproduced:
    """One cell a quantity; its paper's number is the bound."""
    cells: list[Cell] = []
    for theorem in chosen(size).values():
        cells += [_cell(theorem, one) for one in theorem.check(size.seed, GAMES if size.games is None else size.games)]
        progress(1)
    held = sum(bool(cell.matches) for cell in cells)
    said = (
        f"{held} of {len(cells)} claims of {len(chosen(size))} theorems hold; rounding and quadrature are allowed for."
    )
    return Reproduced("Theorems: the bound, and the worst case met", tuple(cells), (said,))


def _cell(theorem: Theorem, one: Measured) -> Cell:
    worst = one.worst if abs(one.worst) < float("inf") else None
    setting: Setting = "stated" if theorem.setting == "stated" else "reconstructed"
    return Cell(
        theorem.number, one.what, one.bound, worst, setting, None, one.holds, one.note, claim=one.claim, tried=one.tried
    )


theorems = Reproduction(
    "every theorem of the base paper, its bound beside the worst case met", check, lambda size: len(chosen(size))
)
