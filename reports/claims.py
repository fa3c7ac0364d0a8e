"""What each mechanism claims, beside what this play measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from reports.games import Game
from reports.numbers import number
from simulate.history import History

ROUNDING = 1e-6  # violations below this are rounding, in units of utility


@dataclass(frozen=True)
class Claim:
    """An axiom of a mechanism: claimed or not, and the worst violation seen in play (None: never put to the test)."""

    mechanism: str
    axiom: str
    claimed: bool
    meaning: str
    measured: str
    violation: float | None

    @property
    def verdict(self) -> str:
        """How the play bears on the claim."""
        if self.violation is None:
            return "not put to the test"
        if self.violation <= ROUNDING:
            return "no violation seen"
        return "CONTRADICTS THE CLAIM" if self.claimed else "violated, as may happen"


def claims(game: Game) -> list[Claim]:
    """One for each axiom that play can put to the test; `trueward audit` asks about the others."""
    return [_claim(game, axiom) for axiom in _SEEN]


def _claim(game: Game, axiom: str) -> Claim:
    claimed = axiom in game.recipe.claims
    meaning, measured, worst = _SEEN[axiom]
    violation = worst(game.history)
    shown = "nothing" if violation is None else f"{measured} {number(violation)}"
    return Claim(game.name, axiom, claimed, meaning, shown, violation)


def _gain(history: History) -> float | None:
    """The largest gain over truth-telling against the same others, at any round: at most 0 where truth is dominant."""
    lied = history.of("report_distance") > 0
    return float(history.of("utility_gain")[lied].max()) if lied.any() else None


def _honest_loss(history: History) -> float | None:
    honest = history.of("report_distance") == 0
    return float(-history.of("utility")[honest].min()) if honest.any() else None


def _deficit(history: History) -> float | None:
    return float(-np.min(history.of("revenue")))


# axiom -> what it means, what was looked at, and the worst violation seen: at most 0 where it held
_SEEN: dict[str, tuple[str, str, Callable[[History], float | None]]] = {
    "incentive_compatible": (
        "no lie ever beats the truth, whatever the others report",
        "largest gain of a lie over the truth:",
        _gain,
    ),
    "individually_rational": (
        "nobody who tells the truth is worse off than with nothing",
        "largest loss of an honest agent (below 0: gain):",
        _honest_loss,
    ),
    "no_deficit": (
        "the provider never pays out in total",
        "largest deficit in a round (negative: a surplus):",
        _deficit,
    ),
}
