"""The synthetic game of the base paper's Table 1: all seven lies in all random games, beside a loop over games."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simulate.benchmarks.base import Benchmark
from simulate.reproductions.published import printed

DRAWS, PEER_DRAWS, GROUPS, OUTCOMES, BETA = 4000, 100, 3, 10, 0.2


def _prepare() -> tuple[Callable[[], object], Callable[[], object]]:
    from simulate.reproductions.synthetic import synthetic_changes

    return lambda: synthetic_changes(GROUPS, 0, DRAWS), _loop


def _loop() -> list[float]:
    """Closed forms in numpy, game by game: what a script for the table would do."""
    rng, q = np.random.default_rng(0), np.full(OUTCOMES, 1 / OUTCOMES)
    changes = []
    for _ in range(PEER_DRAWS):
        rewards = rng.random((GROUPS, OUTCOMES))
        rewards /= rewards.sum(1, keepdims=True)
        weights = rng.integers(1, 10, GROUPS, endpoint=True)
        others = weights[1:] @ rewards[1:]
        for epsilon in (0.0, *printed("table-1")["epsilon"]):
            lie, moved = rewards[0].copy(), min(epsilon, rewards[0].min())
            lie[rewards[0].argmax()] += moved
            lie[rewards[0].argmin()] -= moved
            total = weights[0] * lie + others
            odds, alone = q * np.exp(total / BETA), q * np.exp(others / BETA)
            policy = odds / odds.sum()
            payment = BETA * np.log(alone.sum() / odds.sum()) + weights[0] * policy @ lie
            changes.append(weights[0] * policy @ rewards[0] - payment)
    return changes


synthetic_game = Benchmark(
    f"Table 1's {DRAWS:,} random games with seven lies each and their payments",
    f"a numpy loop over {PEER_DRAWS} of them",
    _prepare,
    0.25,
    share=PEER_DRAWS / DRAWS,
)
