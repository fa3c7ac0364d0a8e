"""Proposition 4.8 and Lemma B.1: how far the policy can move when the reports' total moves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence, likelihood_ratio
from mechanisms.named import Named
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import NORMALISATIONS, STRICTLY_CONVEX, Games, generator, sampled, uniform

ROUNDING = 1e-6  # of a ratio of two small differences, each exact to about 1e-14
LEAST_MOVE = 1e-7  # of the total: below it those differences are rounding
KL_EXPONENT, CHI_SQUARED_CONSTANT, STRONGLY_CONVEX_CONSTANT = 2.0, 1.0, 2.0  # of the three bounds, as stated


def moved(games: Games, share: Tensor) -> Valuation:
    """Reports ``share [B]`` of the way from the truth to a fresh profile, in terms of weight * reward.

    The way stays in the message space: rewards are mixed with the weights that they carry.
    """
    count, n = games.truth.weights.shape
    fresh = games.truth.weights * uniform(games.rng, count, n)
    kept, new = (1 - share)[:, None] * games.truth.weights, share[:, None] * fresh
    mixed = kept[..., None, None] * games.truth.rewards + new[..., None, None] * games.rewards(count, n)
    return Valuation(mixed / (kept + new)[..., None, None], kept + new)


def _shapes(rng: torch.Generator, games: int, divergences: Sequence[Named]) -> Iterator[Games]:
    """Games of five responses, and of two, where the bounds are nearly attained."""
    for responses, agents in ((5, 3), (2, 1)):
        yield from sampled(rng, -(-games // 2), divergences, NORMALISATIONS, agents, responses)


def kl_bound(delta: Tensor, beta: float, constant: float) -> Tensor:
    """max of max_x e^{2 Delta(x) / beta} - 1 and max_x 1 - e^{2 Delta(x) / beta}, 2 = constant: ``[B]``."""
    grown = torch.expm1(constant * delta / beta)
    return torch.maximum(grown.amax((-2, -1)), (-grown).amax((-2, -1)))


def kl_modulus(movement: Tensor, beta: float, constant: float) -> Tensor:
    """beta / 2 min(log 1 / (1 - d), log(1 + d)): changes of the total up to here move the policy by at most d."""
    return beta / constant * torch.minimum(-torch.log1p(-movement), torch.log1p(movement))


def chi_squared_bound(delta: Tensor, beta: float, constant: float) -> Tensor:
    """max |Delta| / beta: ``[B]``."""
    return constant / beta * delta.abs().amax((-2, -1))


def chi_squared_modulus(movement: Tensor, beta: float, constant: float) -> Tensor:
    """beta d, where the optimum stays interior."""
    return beta / constant * movement


def check(
    seed: int, games: int, *, kl: float = KL_EXPONENT, chi_squared: float = CHI_SQUARED_CONSTANT
) -> tuple[Measured, ...]:
    """Largest movement / bound, and largest movement / d where the reports' total moves by the modulus of d."""
    rng = generator(seed)
    return (
        *_within(rng, games, "kl", partial(kl_bound, constant=kl), partial(kl_modulus, constant=kl)),
        *_within(
            rng,
            games,
            "chi_squared",
            partial(chi_squared_bound, constant=chi_squared),
            partial(chi_squared_modulus, constant=chi_squared),
        ),
    )


def _within(
    rng: torch.Generator,
    games: int,
    divergence: str,
    bound: Callable[[Tensor, float], Tensor],
    modulus: Callable[[Tensor, float], Tensor],
) -> tuple[Measured, Measured]:
    bounded, prescribed = Worst("<="), Worst("<=")
    for batch in _shapes(rng, games, (divergence,)):
        count, beta, total = batch.truth.weights.shape[0], batch.beta, batch.truth.total
        delta = moved(batch, uniform(rng, count) ** 3).total - total
        size = delta.abs().amax((-2, -1))
        clear = size > LEAST_MOVE * beta
        bounded.see((_movement(batch, total + delta) / bound(delta, beta))[clear])
        wanted = 0.01 + 0.98 * uniform(rng, count)
        scaled = total + delta * (modulus(wanted, beta) / size.clamp(min=LEAST_MOVE * beta))[..., None, None]
        inside = clear if divergence == "kl" else clear & (_span(scaled) < 2 * beta)
        prescribed.see((_movement(batch, scaled) / wanted)[inside])
    note = "interior optima" if divergence == "chi_squared" else ""
    return (
        bounded.measured(f"largest movement / bound, {divergence}", 1.0, ROUNDING, note),
        prescribed.measured(f"largest movement / delta at the modulus, {divergence}", 1.0, ROUNDING, note),
    )


def _movement(games: Games, total: Tensor) -> Tensor:
    """max_x of |policy' - policy| when the reports' total becomes ``total [B, 1, K]``: ``[B]``."""
    one = Valuation(total[:, None], torch.ones(total.shape[0], 1, dtype=total.dtype))
    before = games.train(games.reference, games.truth)
    return (games.train(games.reference, one) - before).abs().amax((-2, -1))


def _span(total: Tensor) -> Tensor:
    return total.amax((-2, -1)) - total.amin((-2, -1))


def check_strongly_convex(seed: int, games: int, *, constant: float = STRONGLY_CONVEX_CONSTANT) -> tuple[Measured, ...]:
    """Largest |mu' - mu| / max|Delta|, and largest alpha |policy' - policy| / (2 reference max|Delta|)."""
    rng = generator(seed)
    multiplier, movement = Worst("<="), Worst("<=")
    for batch in _shapes(rng, games, STRICTLY_CONVEX):
        after = moved(batch, uniform(rng, batch.truth.weights.shape[0]) ** 3)
        size = (after.total - batch.truth.total).abs().amax((-2, -1), keepdim=True)
        ratios = [
            likelihood_ratio(batch.train(batch.reference, reports), batch.reference.policy)
            for reports in (batch.truth, after)
        ]
        divergence, clear = batch.train.fine_tuner.divergence, (size > LEAST_MOVE * batch.beta).squeeze((-2, -1))
        mu = [
            (reports.total - batch.beta * _slope(divergence, ratio))
            for reports, ratio in zip((batch.truth, after), ratios, strict=True)
        ]
        multiplier.see(((mu[1] - mu[0]) / size).abs()[clear])
        assert divergence.softness is not None
        # f'' is monotone in all of these divergences, so on the ratios passed it is least at one of the two ends
        alpha = batch.beta / torch.stack([divergence.softness(ratio) for ratio in ratios]).amax((0, -2, -1))
        bound = constant * size / alpha[..., None, None]
        movement.see(((ratios[1] - ratios[0]).abs() / bound)[clear])
    return (
        multiplier.measured("largest |mu' - mu| / max |Delta|", 1.0, ROUNDING, "mu read off every response"),
        movement.measured("largest movement / bound", 1.0, ROUNDING, "alpha = least f'' on the ratios met"),
    )


def _slope(divergence: Divergence, ratio: Tensor) -> Tensor:
    """f' by automatic differentiation of f."""
    at = ratio.detach().requires_grad_()
    return torch.autograd.grad(divergence.f(at).sum(), at)[0]


continuity = Theorem(
    "4.8",
    "Under KL and chi-squared the policy depends continuously on the reports' total: a change of at most Delta moves "
    "no probability by more than e^{2 Delta / beta} - 1 (KL) or Delta / beta (chi-squared, interior).",
    check,
)
strong_convexity = Theorem(
    "B.1",
    "For a strongly convex regulariser the multiplier moves by at most max |Delta| and each probability by at most "
    "2 reference max |Delta| / alpha.",
    check_strongly_convex,
)
