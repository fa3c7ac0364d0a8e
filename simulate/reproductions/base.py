"""What a reproduction is: numbers of ours beside printed ones, cell by cell, and what kind of setting gave them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from simulate.beyond.base import Found

Setting = Literal["stated", "reconstructed", "beyond"]
# stated: as the paper says, and where it says nothing by our choice, which is told; reconstructed: fitted to its
# printed numbers; beyond: an experiment that the paper does not have, so that no printed number exists.

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Cell:
    """One number; ``paper`` is None where nothing was printed."""

    row: str
    column: str
    paper: float | None
    ours: float | None  # None: not measured, or not a finite number
    setting: Setting
    error: float | None = None  # standard error of the difference, or of ours where nothing was printed
    matches: bool | None = None  # None: no agreement is claimed
    note: str = ""
    low: float | None = None  # the 95 % interval of ours
    high: float | None = None
    claim: str = "="  # how ours is to stand to the paper's: =, or <=, >=, <, > where that is a bound
    tried: int | None = None  # cases that ours is the worst or the mean of

    @property
    def difference(self) -> float | None:
        """Ours minus the paper's."""
        return None if self.paper is None or self.ours is None else self.ours - self.paper


@dataclass(frozen=True)
class Reproduced:
    """A table, and what it says."""

    title: str
    cells: tuple[Cell, ...]
    says: tuple[str, ...] = ()  # sentences: what agrees, what does not, what nobody knows
    found: Found | None = None  # of an experiment: its curves

    @property
    def holds(self) -> bool:
        """Whether every cell for which agreement is claimed agrees."""
        return all(cell.matches is not False for cell in self.cells)


@dataclass(frozen=True)
class Size:
    """How much is played; every reproduction takes what it needs of it."""

    seed: int = 0
    draws: int = 100_000  # of the synthetic game
    games: int | None = None  # that each theorem is tried in, or an experiment takes means over; None: its own default
    only: tuple[str, ...] = ()  # theorems


@dataclass(frozen=True)
class Reproduction:
    """``make(size, progress)``; ``steps(size)`` calls of progress, each for one step."""

    summary: str
    make: Callable[[Size, Progress], Reproduced]
    steps: Callable[[Size], int] = field(default=lambda size: 1)
