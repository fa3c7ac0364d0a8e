"""What some agents pay, others receive: nothing is left and nothing is missing."""

from __future__ import annotations

from mechanisms.axioms.base import Finding, Games, at_truth
from mechanisms.base import Mechanism


def budget_balanced(mechanism: Mechanism, games: Games) -> Finding:
    """|sum of payments| at the truth."""
    violation = mechanism(games.reference, games.truth).payments.sum(-1, keepdim=True).abs()
    return Finding(violation, at_truth(games), {"games": len(violation)})
