"""One thousand games of 6 agents and 64 responses with all payments, exact under KL, in one call."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.catalogue import MECHANISMS
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.benchmarks.base import Benchmark

GAMES, AGENTS, RESPONSES, BETA = 1000, 6, 64, 0.3
Action = Callable[[], object]


def _games() -> tuple[Reference, Valuation]:
    rng = torch.Generator().manual_seed(0)
    policy = torch.rand(GAMES, 1, RESPONSES, generator=rng, dtype=torch.float64)
    rewards = torch.rand(GAMES, AGENTS, 1, RESPONSES, generator=rng, dtype=torch.float64)
    weights = 3 * torch.rand(GAMES, AGENTS, generator=rng, dtype=torch.float64)
    return Reference.of(policy / policy.sum(-1, keepdim=True)), Valuation(rewards, weights)


def _ours() -> tuple[Reference, Valuation, Action]:
    reference, reports = _games()
    vcg = MECHANISMS["vcg"].but(beta=BETA).build()
    # A fresh Valuation each time, so that no total is remembered from the last call.
    return reference, reports, lambda: vcg(reference, Valuation(reports.rewards, reports.weights))


def _against_loop() -> tuple[Action, Action]:
    reference, reports, ours = _ours()
    vcg = MECHANISMS["vcg"].but(beta=BETA).build()

    def loop() -> list[Tensor]:
        return [
            vcg(
                Reference(reference.policy[g], reference.prompt_weights),
                Valuation(reports.rewards[g], reports.weights[g]),
            ).payments
            for g in range(GAMES)
        ]

    return ours, loop


def _against_logsumexp() -> tuple[Action, Action]:
    reference, reports, ours = _ours()

    def bare() -> Tensor:
        logs = reference.policy[:, 0].log()
        rewards, weights = reports.rewards[:, :, 0], reports.weights
        total = (weights[:, None] @ rewards).squeeze(1)
        without = total[:, None] - weights[..., None] * rewards
        values = BETA * torch.logsumexp(logs[:, None] + without / BETA, -1)
        value = BETA * torch.logsumexp(logs + total / BETA, -1)
        policy = torch.softmax(logs + total / BETA, -1)
        own = weights * (rewards @ policy[..., None]).squeeze(-1)
        return values - value[:, None] + own

    return ours, bare


thousand_games = Benchmark(
    "1000 games x 6 agents x 64 responses, policies and all payments", "loop over games", _against_loop, 1 / 50
)
thousand_games_logsumexp = Benchmark(
    "the same call against its own arithmetic, written out", "bare logsumexp arithmetic", _against_logsumexp, 3.0, 25
)
