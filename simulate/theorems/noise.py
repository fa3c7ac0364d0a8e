"""Theorem 4.12 and Lemmas D.1, D.2: noise of at most epsilon on everybody's rewards costs at most 2 epsilon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.messages import MESSAGES
from mechanisms.messages.base import MessageSpace
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import EVERY_DIVERGENCE, Games, generator, sampled, uniform

DRAWS, LIES = 16, 4  # of the noise, the same for truth and lies; of random lies
ROUNDING = 1e-9  # of shares of the bound; epsilon is at least 0.01 and utilities are exact to about 1e-13
GAIN_CONSTANT, LOSS_CONSTANT, VALUE_CONSTANT = 2.0, 2.0, 1.0  # of the three bounds, as stated


def close_call(rng: torch.Generator, epsilon: float) -> tuple[Games, Tensor]:
    """One agent between two responses, and the noise ``[1, 1, 1, 1, 2]`` that swaps them: all but attains the bounds.

    It prefers the first by a little less than 2 epsilon, and so weak a regulariser follows any preference.
    """
    lead = 0.99 * epsilon
    games = Games(
        SocialWelfare(Exact(DIVERGENCES["kl"](), 1e-4 * epsilon)),
        Reference.of(torch.full((1, 1, 2), 0.5, dtype=torch.float64)),
        Valuation(
            torch.tensor([[[[0.5 + lead, 0.5 - lead]]]], dtype=torch.float64), torch.ones(1, 1, dtype=torch.float64)
        ),
        MessageSpace("sum_to_one", MESSAGES["sum_to_one"], torch.ones(1, 2, dtype=torch.bool)),
        rng,
    )
    return games, epsilon * torch.tensor([[[[[-1.0, 1.0]]]]], dtype=torch.float64)


@dataclass(frozen=True)
class Noisy:
    """Games, and noise within epsilon on everybody's rewards."""

    games: Games
    epsilon: float
    noise: Tensor  # [draws, B, n, 1, K]
    mean: Tensor  # [B, n, 1, K], of the distribution that the noise is drawn from
    random: bool  # rather than made to come close to the bound

    def heard(self) -> Valuation:
        """Everybody's truth as the mechanism hears it: ``[draws, B, n, 1, K]``."""
        truth = self.games.truth
        return Valuation(truth.rewards + self.noise, truth.weights.expand(self.noise.shape[:-2]))


def _noisy(rng: torch.Generator, games: int) -> Iterator[Noisy]:
    for epsilon in (0.01, 0.1):
        swapped, noise = close_call(rng, epsilon)
        yield Noisy(swapped, epsilon, noise, noise[0], random=False)
    for batch in sampled(rng, games, EVERY_DIVERGENCE):
        epsilon = float(10 ** (-2 + 1.5 * uniform(rng, 1)))
        shape = batch.truth.rewards.shape
        mean = epsilon / 2 * (1 - 2 * (uniform(rng, *shape) < 0.5).to(torch.float64))
        yield Noisy(batch, epsilon, mean + epsilon * (uniform(rng, DRAWS, *shape) - 0.5), mean, random=True)


def check(seed: int, games: int, *, constant: float = GAIN_CONSTANT) -> tuple[Measured, ...]:
    """Largest expected gain / (2 w epsilon), over random lies and the lie that undoes the noise's mean."""
    worst, random = Worst("<="), Worst("<=")
    for noisy in _noisy(generator(seed), games):
        batch, honest = noisy.games, noisy.games.own.rewards
        lies = torch.cat([honest[None], (honest - noisy.mean[:, 0])[None], batch.rewards(LIES, len(honest))])
        heard = lies[:, None] + noisy.noise[:, :, 0]  # [lies, draws, B, 1, K]
        told = Valuation(heard, batch.own.weights.expand(heard.shape[:-2]))
        expected = batch.utilities(affine_maximizer, noisy.heard(), told).mean(1)
        share = (expected[1:] - expected[0]) / (constant * batch.own.weights * noisy.epsilon)
        for seen in (worst, random) if noisy.random else (worst,):
            seen.see(share)
    return (worst.measured("largest expected gain / (2 w epsilon)", 1.0, ROUNDING, _apart(random)),)


def check_welfare(seed: int, games: int, *, constant: float = LOSS_CONSTANT) -> tuple[Measured, ...]:
    """Largest loss of the true objective / (2 epsilon sum w), draw by draw."""
    worst, random = Worst("<="), Worst("<=")
    for noisy in _noisy(generator(seed), games):
        train, reference, truth = noisy.games.train, noisy.games.reference, noisy.games.truth
        loss = train.value(reference, truth) - train.objective(reference, truth, train(reference, noisy.heard()))
        for seen in (worst, random) if noisy.random else (worst,):
            seen.see(loss / (constant * noisy.epsilon * truth.weights.sum(-1)))
    return (worst.measured("largest loss / (2 epsilon sum w)", 1.0, ROUNDING, _apart(random)),)


def check_valuation(seed: int, games: int, *, constant: float = VALUE_CONSTANT) -> tuple[Measured, ...]:
    """Largest |v(r') - v(r)| / epsilon over random policies; rewards that are off by epsilon everywhere attain it."""
    rng, worst = generator(seed), Worst("<=")
    for noisy in _noisy(rng, games):
        truth, reference = noisy.games.truth, noisy.games.reference
        policies = torch.randn(reference.policy.shape, generator=rng, dtype=torch.float64).mul(3).softmax(-1)
        off = torch.cat([noisy.noise, torch.full_like(noisy.noise[:1], noisy.epsilon)])
        after = Valuation(truth.rewards + off, truth.weights).expected_rewards(reference, policies)
        worst.see((after - truth.expected_rewards(reference, policies)).abs() / (constant * noisy.epsilon))
    return (worst.measured("largest |v(r') - v(r)| / epsilon", 1.0, ROUNDING),)


def _apart(random: Worst) -> str:
    return f"{random.worst:.3g} in random games, the rest where the noise swaps two near-equal responses"


noisy_reports = Theorem(
    "4.12",
    "If the mechanism hears every reward with noise of at most epsilon, a lie about the own rewards gains at most "
    "2 w epsilon in expectation under the affine-maximizer payment.",
    check,
)
noisy_valuation = Theorem(
    "D.1", "Rewards that differ by at most epsilon value every policy within epsilon of each other.", check_valuation
)
noisy_welfare = Theorem(
    "D.2",
    "Fine-tuning on rewards that are off by at most epsilon loses at most 2 epsilon times the total weight of the "
    "true objective.",
    check_welfare,
)
