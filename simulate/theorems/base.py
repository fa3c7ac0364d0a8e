"""A theorem is a statement and a check: random and adversarial games in, the worst case met beside the bound out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

Claim = Literal["<=", ">=", "<", ">"]


@dataclass(frozen=True)
class Measured:
    """One quantity of a theorem: ``worst claim bound``, up to ``tolerance``, over ``tried`` cases.

    >>> Measured("gain / bound", "<=", 1.0, worst=0.4, tried=10).holds
    True
    """

    what: str
    claim: Claim
    bound: float
    worst: float  # nan if nothing was tried, and then nothing holds
    tried: int
    tolerance: float = 0.0  # for rounding and quadrature alone; strict claims have none
    note: str = ""

    @property
    def holds(self) -> bool:
        """Whether the worst case respects the bound."""
        return {
            "<=": self.worst <= self.bound + self.tolerance,
            ">=": self.worst >= self.bound - self.tolerance,
            "<": self.worst < self.bound - self.tolerance,
            ">": self.worst > self.bound + self.tolerance,
        }[self.claim]


@dataclass(frozen=True)
class Theorem:
    """``check(seed, games)`` measures the statement; the number is that of arXiv 2405.16276 (NeurIPS 2025)."""

    number: str
    statement: str
    check: Callable[[int, int], tuple[Measured, ...]]
    setting: str = "stated"


class Worst:
    """The extreme of a quantity over batches of cases, and how many cases there were."""

    def __init__(self, claim: Claim) -> None:
        self.claim, self.worst, self.tried = claim, float("nan"), 0

    def see(self, values: Tensor) -> None:
        """The largest of what should be small, the smallest of what should be large; a nan stays."""
        if values.numel():
            upper = self.claim in ("<=", "<")
            extreme = float(values.amax() if upper else values.amin())
            first = self.tried == 0
            self.worst = extreme if first else _further(self.worst, extreme, upper)
            self.tried += values.numel()

    def measured(self, what: str, bound: float, tolerance: float = 0.0, note: str = "") -> Measured:
        """As a row of the table."""
        return Measured(what, self.claim, bound, self.worst, self.tried, tolerance, note)


def _further(a: float, b: float, upper: bool) -> float:
    if a != a or b != b:
        return float("nan")
    return max(a, b) if upper else min(a, b)
