"""The audit's first pass: a thousand games, ten thousand lies of every agent, every gain under vcg."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.axioms.base import Games
from mechanisms.axioms.shared_lies import best_shared_lie
from mechanisms.catalogue import MECHANISMS
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.unit_box import unit_box
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.benchmarks.base import Benchmark

GAMES, LIES, AGENTS, RESPONSES, BETA, BATCHES = 1000, 10_000, 3, 5, 0.3, 100


def _audit() -> tuple[Callable[[], object], Callable[[], object]]:
    rng = torch.Generator().manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng, dtype=torch.float64)

    vcg = MECHANISMS["vcg"].but(beta=BETA).build()
    policy = drawn(1, RESPONSES) + 0.1
    reference = Reference.of(policy / policy.sum())
    rewards, weights = drawn(GAMES, AGENTS, 1, RESPONSES), drawn(GAMES, AGENTS)
    lies = Valuation(drawn(LIES, 1, RESPONSES), 3 * drawn(LIES))
    messages = MessageSpace("unit_box", unit_box, reference.policy > 0)

    def audited() -> object:
        truth = Valuation(rewards, weights)  # fresh, so that no total is remembered from the last call
        return best_shared_lie(vcg, Games(reference, truth, messages, lies), lies)

    scores = drawn(LIES // BATCHES, AGENTS, GAMES, RESPONSES)

    def exponentials() -> None:
        for _ in range(BATCHES):
            scores.exp()

    return audited, exponentials


audit = Benchmark(
    "vcg: 1000 games x 3 agents x 10000 lies x 5 responses, the best lie of everybody",
    "one exponential for each game, agent, lie and response",
    _audit,
    3.0,
    9,
)
