"""A round of the market with 10,000 agents on 256 responses."""

from __future__ import annotations

from collections.abc import Callable

import torch

from simulate.benchmarks.base import Benchmark
from simulate.load import load
from simulate.market import Market
from simulate.scenario import build


def _crowd_round() -> tuple[Callable[[], object], Callable[[], object]]:
    market = Market(build(load("crowd"), "crowd"))
    rewards = market.scenario.truth.rewards.flatten(-2)[0]  # [n, K]
    weights = market.scenario.truth.weights[0]

    def unavoidable() -> object:
        return weights @ rewards, torch.exp(rewards)

    return market.step, unavoidable


crowd_round = Benchmark(
    "one round of `crowd`: 10,000 agents x 256 responses, report to record",
    "one matrix product and n x K exponentials",
    _crowd_round,
    4.0,
    15,
)
