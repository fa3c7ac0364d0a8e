"""Agents as forecasters: how much each counts follows from how well its rewards foretold what judges prefer.

After every round, in every game, two responses to a prompt are drawn from the reference and judged: x = 1 if the first
is preferred, with probability sigma(sharpness * (judge(y) - judge(y'))) (Bradley-Terry).  The provider sees x alone.
Agent i's report has foretold p_i = sigma(sharpness * (r_i(y) - r_i(y'))); its loss is (p_i - x)^2, a proper score.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import Mechanism, Uniform
from mechanisms.reference import Reference
from mechanisms.repeated.weighted import weighted
from mechanisms.valuation import Valuation

MOST_ETA = 0.5  # WSU's weights stay a distribution up to here (Freeman et al. 2020)


@dataclass(frozen=True)
class Forecasting(ABC):
    """The state is a distribution over agents ``[B, n]``, at first uniform; influence is n times it.

    An influence is settled before the reports that it multiplies: what is truthful within a round, stays so.  Over the
    rounds it does not, for an agent whose forecasts today are its influence tomorrow.
    """

    judge: Tensor  # [P, K], or [K] for a single prompt; only judgements by it are seen
    eta: float = 0.1  # how fast influence moves; 1/sqrt(rounds) gives regret of the order of sqrt(rounds)
    sharpness: float = 1.0  # log-odds of a preference per unit of reward

    def __post_init__(self) -> None:
        if not isinstance(self.judge, Tensor) or not bool(torch.isfinite(self.judge).all()):
            raise ValueError("judge: a list of rewards, prompts x responses, is expected")
        if not 0 < self.eta <= MOST_ETA:
            raise ValueError(f"eta is {self.eta}; allowed is above 0, up to {MOST_ETA}")
        if not self.sharpness > 0:
            raise ValueError(f"sharpness is {self.sharpness}; it must be above 0")

    @abstractmethod
    def factors(self, weights: Tensor, losses: Tensor) -> Tensor:
        """What the agents' weights are multiplied by ``[B, n]``, losses in [0, 1]; absent agents have weight 0."""

    def first(self, mechanism: Mechanism) -> Mechanism:
        return mechanism

    def init(self, reference: Reference, agents: int, games: int) -> Tensor:
        shape = tuple(reference.policy.shape[-2:])
        if tuple(self.judge.shape) not in (shape, shape[1:] if shape[0] == 1 else shape):
            raise ValueError(f"judge: {shape[0]} x {shape[1]} numbers (prompts x responses) are expected")
        return reference.policy.new_full((games, agents), 1 / agents)

    def current(self, state: Tensor, mechanism: Mechanism) -> Mechanism:
        return weighted(mechanism, state.shape[-1] * state)

    def update(
        self, state: Tensor, mechanism: Mechanism, reference: Reference, reports: Valuation, uniform: Uniform
    ) -> Tensor:
        losses = self.losses(reference, reports, uniform(4).to(state))
        heard = state * (reports.weights > 0)
        moved = heard * self.factors(heard, losses)
        # Who is absent keeps its weight, and those present share what they had: it is as if it were not there.
        total = moved.sum(-1, keepdim=True)
        share = heard.sum(-1, keepdim=True) / torch.where(total > 0, total, 1.0)
        return torch.where(reports.weights > 0, moved * share, state)

    def losses(self, reference: Reference, reports: Valuation, luck: Tensor) -> Tensor:
        """(p_i - x)^2 of one judged pair in every game: ``[B, n]``; luck ``[B, 4]`` draws prompt, y, y' and x."""
        game = torch.arange(len(luck), device=luck.device)
        prompt = drawn(reference.prompt_weights, luck[:, 0])
        law = reference.policy.expand(len(luck), -1, -1)[game, prompt]  # [B, K]
        one, other = drawn(law, luck[:, 1]), drawn(law, luck[:, 2])
        judge = self.judge.to(luck).reshape(reference.policy.shape[-2:])
        preferred = luck[:, 3] < torch.sigmoid(self.sharpness * (judge[prompt, one] - judge[prompt, other]))
        rewards = reports.rewards[game, :, prompt]  # [B, n, K]
        ahead = rewards[game, :, one] - rewards[game, :, other]
        return (torch.sigmoid(self.sharpness * ahead) - preferred[:, None].to(luck)).square()


def drawn(law: Tensor, luck: Tensor) -> Tensor:
    """The place in ``law [..., K]`` where luck, uniform on [0, 1), falls ``[...]``; never one of probability 0."""
    heights = law.cumsum(-1)
    top = heights[..., -1]
    level = torch.minimum(luck * top, torch.nextafter(top, torch.zeros_like(top)))  # sums of laws are 1 up to rounding
    return (heights > level[..., None]).to(torch.uint8).argmax(-1)
