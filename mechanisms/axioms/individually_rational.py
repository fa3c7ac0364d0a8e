"""Nobody who tells the truth is worse off than with nothing (arXiv 2405.16276, Def. 3.3)."""

from __future__ import annotations

from mechanisms.axioms.base import Finding, Games, at_truth
from mechanisms.base import Mechanism, utility


def individually_rational(mechanism: Mechanism, games: Games) -> Finding:
    """-utility at the truth; rewards are taken to be non-negative, as everywhere in the paper."""
    violation = -utility(games.reference, games.truth, mechanism(games.reference, games.truth))
    return Finding(violation, at_truth(games), {"games": len(violation)})
