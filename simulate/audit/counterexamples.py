"""Games made by hand that refute what random games do not: (mechanism, axiom) -> a game, and why it fails there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

THIRDS = (1 / 3, 1 / 3, 1 / 3)
CYCLE = ((1.0, 0.5, 0.0), (0.0, 1.0, 0.5), (0.5, 0.0, 1.0), (1.0, 0.9, 0.0))


def _game(
    beta: float, reference: Sequence[float], rewards: Sequence[Sequence[float]], weights: Sequence[float], why: str
) -> dict[str, Any]:
    return {
        "name": "counterexample",
        "summary": why,
        "reference": list(reference),
        "agents": [{"rewards": list(own), "weight": weight} for own, weight in zip(rewards, weights, strict=True)],
        "mechanism": {"beta": beta},
        "replicates": 1,
    }


_LEAST = _game(
    0.3, (0.5, 0.5), ((0.1, 0), (1, 0)), (1, 1), "who wants the same as the rest, but less, becomes the least"
)
_RIVAL = "support for the first of a Condorcet cycle helps whoever beats its rival: the last"

COUNTEREXAMPLES: dict[tuple[str, str], dict[str, Any]] = {
    ("generalized_mean", "participation"): _game(
        0.3, (0.5, 0.5), ((0, 0.12), (1, 0)), (1, 1), "the other's wish grows with the number of those aggregated"
    ),
    ("maximal_lottery", "participation"): _game(1.0, THIRDS, CYCLE, (2, 2, 2, 1), _RIVAL),
    ("nash_learning", "participation"): _game(0.1, THIRDS, CYCLE, (2, 2, 2, 1), _RIVAL),
    ("sink", "participation"): _game(
        0.3,
        (0.9, 0.1),
        ((1, 0), (0, 1)),
        (1, 1),
        "alone, the other is left out; beside it, it decides half the time",
    ),
    ("egalitarian", "participation"): _LEAST,
    ("leximin", "participation"): _LEAST,
    ("agv", "individually_rational"): _game(
        0.05,
        (0.5, 0.5),
        ((1, 0), (0, 1), (0, 1)),
        (1, 0.75, 0.75),
        "two lighter agents decide, but disturb strangers less",
    ),
}
