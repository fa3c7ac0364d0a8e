"""The provider never pays out in total (weak budget balance)."""

from __future__ import annotations

from mechanisms.axioms.base import Finding, Games, at_truth
from mechanisms.base import Mechanism


def no_deficit(mechanism: Mechanism, games: Games) -> Finding:
    """-sum of payments at the truth."""
    violation = -mechanism(games.reference, games.truth).payments.sum(-1, keepdim=True)
    return Finding(violation, at_truth(games), {"games": len(violation)})
