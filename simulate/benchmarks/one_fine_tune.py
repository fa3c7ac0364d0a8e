"""All payments from one fine-tune, against that fine-tune alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.divergences.kl import kl
from mechanisms.fine_tuners.lora import lora
from mechanisms.language_models.enumerable import ENUMERABLE
from mechanisms.language_models.listed import listed
from mechanisms.reference import Reference
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.stated import stated_payments
from mechanisms.valuation import Valuation
from simulate.benchmarks.base import Benchmark

AGENTS, SAMPLES, BETA = 16, 1000, 2.0


def _one_fine_tune() -> tuple[Callable[[], object], Callable[[], object]]:
    policy, said = listed(ENUMERABLE, {"length": 3})
    reference, rng = Reference.of(policy, None, said), torch.Generator().manual_seed(0)
    rewards = torch.rand(AGENTS, *policy.shape, generator=rng, dtype=torch.float64)
    reports = Valuation(rewards, torch.ones(AGENTS, dtype=torch.float64))

    def trained() -> Tensor:
        return lora(kl(), BETA)(reference, reports.total)  # a new one, which remembers nothing

    def billed() -> object:
        policy = trained()
        drawn = torch.multinomial(policy, SAMPLES, True, generator=rng)
        logs, before = (law.log().gather(-1, drawn) for law in (policy, reference.policy))
        told = reports.rewards.gather(-1, drawn.expand(AGENTS, -1, -1))
        sampled = SampledPolicy(told, logs, before, reference.prompt_weights)
        return stated_payments(sampled, reports.weights, BETA, reports.weights)

    return billed, trained


one_fine_tune = Benchmark(
    f"lora and the payments of {AGENTS} agents with intervals, from {SAMPLES} samples of that one fine-tune",
    f"the fine-tune alone; leave-one-out retraining takes {AGENTS + 1} of them",
    _one_fine_tune,
    1.15,
    7,
)
