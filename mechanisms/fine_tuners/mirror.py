"""Training that stops early: a few steps of mirror ascent from the reference, on the candidate responses.

What an approximate optimiser does to incentives, where the exact optimum is known: the gap is a number, not a guess.
Also called natural policy gradient of a tabular softmax policy, or exponentiated gradient.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence, likelihood_ratio
from mechanisms.divergences.kl import softmax_optimum
from mechanisms.fine_tuners.base import divergence_from
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile

MAX_HALVINGS = 40  # of a step that overshoots; one millionth of a millionth of it is no step
CHECKPOINTS = 16  # kept along a run, at most
NOISE = 1e-14  # relative: below this, a change of the objective is rounding


@dataclass(frozen=True)
class Mirror:
    """log p_{t+1} = log p_t + (rate / beta) (reward - beta f'(p_t / reference)) - log Z_t, ``steps`` times.

    Every prompt on its own; a step that would lower the objective is halved until it does not.  Under KL no step
    is, and p_T is the optimum at the reward (1 - (1 - rate)^T) r: undertrained is the same as too strongly regularised.
    Raises ValueError for a divergence with a kink, for steps below 1 and for rates outside (0, 1].
    """

    divergence: Divergence
    beta: float = 1.0
    steps: int = 10
    rate: float = 0.5

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}; it must be above 0 (only the fine-tuner menu allows 0)")
        if self.divergence.tilt is None:
            raise ValueError(f"mirror: divergence {self.divergence.name} has a kink; allowed is any smooth one")
        if self.steps < 1:
            raise ValueError(f"mirror: steps is {self.steps}; allowed is 1 or more")
        if not 0 < self.rate <= 1:
            raise ValueError(f"mirror: rate is {self.rate}; allowed is above 0 and up to 1")

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        return self._run(reference, reward, {self.steps})[0]

    def checkpoints(self, reference: Reference, reward: Tensor) -> Tensor:
        """The policies after up to 16 of the steps, evenly spaced, the last included: ``[C, ..., P, K]``."""
        count = min(CHECKPOINTS, self.steps)
        return torch.stack(self._run(reference, reward, {self.steps * (c + 1) // count for c in range(count)}))

    def stopped(self, fraction: float) -> Mirror:
        """The same ascent, given up after ceil(fraction * steps) steps."""
        return replace(self, steps=math.ceil(fraction * self.steps))

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        """The objective attained, not the maximum."""
        policy = self(reference, reward)
        return reference.expectation(policy, reward) - self.beta * divergence_from(self, reference, policy)

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        """Raises ValueError: the welfare of expected rewards has no reward to climb."""
        raise ValueError(f"fine_tuner is mirror; allowed for {welfare.name} welfare are exact, menu and replies")

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        best = Exact(self.divergence, self.beta).value(reference, reward)
        return (best - self.value(reference, reward)).clamp(min=0)

    def anchor(self, reference: Reference) -> Reference:
        return reference

    def _run(self, reference: Reference, reward: Tensor, kept: set[int]) -> list[Tensor]:
        """The policies after so many steps, in their order; under KL in closed form, which takes no steps."""
        if self.divergence.optimum is softmax_optimum:
            return [softmax_optimum(reference, self._share(done) * reward, self.beta) for done in sorted(kept)]
        return self._stepped(reference, reward, kept)

    def _share(self, steps: int) -> float:
        """1 - (1 - rate)^steps: of the reward, under KL."""
        return 1 - (1 - self.rate) ** steps

    def _stepped(self, reference: Reference, reward: Tensor, kept: set[int]) -> list[Tensor]:
        """The same, step by step."""
        shape = np.broadcast_shapes(reference.policy.shape, reward.shape)
        logs, score = reference.log.expand(shape), reward / self.beta
        found = []
        for done in range(1, self.steps + 1):
            logs = self._step(reference.policy, logs, score)
            if done in kept:
                found.append(logs.exp())
        return found

    def _step(self, reference: Tensor, logs: Tensor, score: Tensor) -> Tensor:
        policy = logs.exp()
        gradient = score - slope(self.divergence, likelihood_ratio(policy, reference))
        start = self._objective(reference, policy, score)
        floor = start - NOISE * (1 + start.abs())
        size = torch.full_like(start, self.rate)
        for _ in range(MAX_HALVINGS):
            landed = torch.log_softmax(logs + size[..., None] * gradient, -1)
            enough = self._objective(reference, landed.detach().exp(), score) >= floor
            if bool(enough.all()):
                return landed
            size = torch.where(enough, size, size / 2)
        return torch.where(enough[..., None], landed, logs)

    def _objective(self, reference: Tensor, policy: Tensor, score: Tensor) -> Tensor:
        """Per prompt, in units of beta: ``[..., P]``."""
        with torch.no_grad():
            return (policy * score).sum(-1) - self.divergence(policy, reference)


def slope(divergence: Divergence, ratio: Tensor) -> Tensor:
    """f'(ratio) by automatic differentiation, elementwise; at ratio 0 the slope at the least positive number."""
    with torch.enable_grad():
        at = ratio.clamp(min=torch.finfo(ratio.dtype).tiny)
        at = at if at.requires_grad else at.detach().requires_grad_()
        (rise,) = torch.autograd.grad(divergence.f(at).sum(), at, create_graph=ratio.requires_grad)
    return rise
