"""Random games of one prompt in which the theorems are tried: ``B`` at once, ``n`` agents, ``K`` responses.

Agent 0 is the one that the theorems speak of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from mechanisms.base import Mechanism, PaymentRule
from mechanisms.deviation import deviation_utilities
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.messages import MESSAGES
from mechanisms.messages.base import MessageSpace
from mechanisms.named import Named, made, name_of
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation

# Regularisers whose f' is strictly increasing and smooth; all but chi_squared keep every response whatever the reports.
STRICTLY_CONVEX: tuple[Named, ...] = (
    "kl",
    "reverse_kl",
    "jensen_shannon",
    "hellinger",
    {"name": "alpha", "order": 0.25},
    "chi_squared",
)
EVERY_DIVERGENCE: tuple[Named, ...] = (*STRICTLY_CONVEX, "total_variation")
NORMALISATIONS = ("sum_to_one", "max_one")
FIRST = slice(0, 1)
# Largest total weight in units of beta.  Rewards span at most 1, so below 2 chi_squared stays in the interior that the
# paper assumes (section 4).  The others stay there by themselves; 5 keeps probabilities far above rounding, and
# jensen_shannon, whose slope f' is bounded, all but jumps from there on.
PULL = {"chi_squared": 1.9, "jensen_shannon": 2.0}
PULL_OTHERWISE = 5.0


@dataclass(frozen=True)
class Games:
    """B games under one training rule."""

    train: SocialWelfare
    reference: Reference  # [B, 1, K]
    truth: Valuation  # [B, n, 1, K], [B, n]
    space: MessageSpace
    rng: torch.Generator = field(repr=False)

    @property
    def beta(self) -> float:
        """The paper's lambda."""
        return self.train.beta

    @property
    def own(self) -> Valuation:
        """Agent 0's type: ``[B, 1, K], [B]``."""
        return Valuation(self.truth.rewards[:, 0], self.truth.weights[:, 0])

    @property
    def uniform(self) -> Tensor:
        """The constant reward ``[1, K]`` of the space: 1 / K under sum normalisation, 1 under maximum normalisation."""
        return self.space.normalise(torch.ones_like(self.truth.rewards[0, 0]), self.space.support)

    def rewards(self, *batch: int, least: float = 0.0) -> Tensor:
        """Fresh members of the message space: ``[*batch, 1, K]``."""
        return drawn_rewards(self.rng, self.space, batch, least)

    def profile(self, own: Valuation) -> Valuation:
        """The truth with agent 0's report replaced: own ``[..., B, 1, K], [..., B]`` gives ``[..., B, n, 1, K]``."""
        batch = own.rewards.shape[:-2]
        others = self.truth.of(slice(1, None))
        rewards = torch.cat(
            [own.rewards.unsqueeze(-3), others.rewards.expand(*batch[:-1], *others.rewards.shape)], dim=-3
        )
        weights = own.weights.expand(batch)[..., None]
        return Valuation(rewards, torch.cat([weights, others.weights.expand(*batch[:-1], *others.weights.shape)], -1))

    def utilities(self, pay: PaymentRule, reports: Valuation, lies: Valuation) -> Tensor:
        """Agent 0's true utility under each of its lies ``[M, ...]``, the others reporting ``reports``."""
        mechanism = Mechanism(self.train, pay)
        lies = Valuation(lies.rewards[:, None], lies.weights[:, None])
        return deviation_utilities(mechanism, self.reference, self.truth, reports, FIRST, lies).squeeze(1)


def generator(seed: int) -> torch.Generator:
    """The random stream of one check."""
    return torch.Generator().manual_seed(seed)


def uniform(rng: torch.Generator, *shape: int) -> Tensor:
    """Numbers in [0, 1), float64."""
    return torch.rand(*shape, generator=rng, dtype=torch.float64)


def drawn_rewards(rng: torch.Generator, space: MessageSpace, batch: Sequence[int], least: float) -> Tensor:
    """Even and lopsided rewards half and half, at least ``least`` before they are normalised; ``[*batch, 1, K]``."""
    draws = uniform(rng, *batch, *space.support.shape)
    lopsided = uniform(rng, *batch, 1, 1) < 0.5
    return space.normalise(least + (1 - least) * torch.where(lopsided, draws**4, draws), space.support)


def drawn(
    rng: torch.Generator,
    count: int,
    divergence: Named = "kl",
    normalisation: str = "sum_to_one",
    agents: int = 3,
    responses: int = 5,
    least: float = 0.0,
    unevenness: float = 2.0,
) -> Games:
    """``count`` games under one random beta; references even, uneven and very uneven, a third each.

    The log of the most uneven has standard deviation ``unevenness``.
    """
    beta = float(10 ** (2 * uniform(rng, 1) - 1))
    train = SocialWelfare(Exact(made(DIVERGENCES, divergence, "divergence"), beta))
    space = MessageSpace(normalisation, MESSAGES[normalisation], torch.ones(1, responses, dtype=torch.bool))
    spread = torch.randint(3, (count, 1, 1), generator=rng) / 2
    logits = unevenness * spread * torch.randn(count, 1, responses, generator=rng, dtype=torch.float64)
    shares = 0.05 + uniform(rng, count, agents)
    total = PULL.get(name_of(divergence), PULL_OTHERWISE) * beta * (0.1 + 0.9 * uniform(rng, count, 1))
    truth = Valuation(drawn_rewards(rng, space, (count, agents), least), total * shares / shares.sum(-1, keepdim=True))
    return Games(train, Reference.of(logits.softmax(-1)), truth, space, rng)


def sampled(
    rng: torch.Generator,
    games: int,
    divergences: Sequence[Named],
    normalisations: Sequence[str] = NORMALISATIONS,
    agents: int = 3,
    responses: int = 5,
    least: float = 0.0,
    unevenness: float = 2.0,
) -> Iterator[Games]:
    """``games`` games in all, spread over every divergence and normalisation, at least one for each."""
    each = -(-games // (len(divergences) * len(normalisations)))
    for divergence in divergences:
        for normalisation in normalisations:
            yield drawn(rng, each, divergence, normalisation, agents, responses, least, unevenness)
