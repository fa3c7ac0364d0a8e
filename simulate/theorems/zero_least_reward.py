"""Theorem 4.3 (B.2 in full): without payments lies pay also when the least reward is zero."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import PaymentRule
from mechanisms.divergences.base import likelihood_ratio
from mechanisms.payments.zero import zero
from mechanisms.valuation import Valuation
from simulate.theorems.base import Measured, Theorem, Worst
from simulate.theorems.games import STRICTLY_CONVEX, Games, generator, sampled

# The theorem needs t(x) != 0 and an epsilon that shrinks with it, so gains shrink like t^2: those whose first-order
# estimate per unit of weight is below this would drown in the rounding of utilities, about 1e-15.
CLEAR = 1e-11
SMALL = 0.05  # epsilon as a share of its room and of beta / weight, before it is scaled by t


@dataclass(frozen=True)
class _Lies:
    """Directions in which to lie ``[L, B, 1, K]``, how far there is room ``[L, B]``, and where the case applies."""

    direction: Tensor
    room: Tensor
    applies: Tensor


def softness(games: Games) -> Tensor:
    """s(x) = reference(x) / f''(policy(x) / reference(x)), f with beta inside: ``[B, 1, K]``."""
    policy = games.train(games.reference, games.truth)
    divergence = games.train.fine_tuner.divergence
    assert divergence.softness is not None
    ratio = likelihood_ratio(policy, games.reference.policy)
    return games.reference.policy * divergence.softness(ratio) / games.beta


def pull(reward: Tensor, s: Tensor) -> Tensor:
    """t(z) / sum s = r(z) - sum_x s(x) r(x) / sum_x s(x): the paper's t in units of reward ``[B, 1, K]``."""
    return reward - (s * reward).sum(-1, keepdim=True) / s.sum(-1, keepdim=True)


def check(seed: int, games: int, *, pay: PaymentRule = zero) -> tuple[Measured, ...]:
    """Smallest gain / first-order gain of the constructed lies, case by case, wherever the case applies."""
    rng = generator(seed)
    found = {name: (Worst(">"), Worst(">")) for name in CASES}
    for batch in sampled(rng, games, STRICTLY_CONVEX):
        batch = _touching_zero(batch)
        s, r = softness(batch), batch.own.rewards
        t = pull(r, s)
        for name, (space, case) in CASES.items():
            if space == batch.space.name:
                lies = case(r.squeeze(-2), t.squeeze(-2), s.squeeze(-2))
                ratio, gain = _gains(batch, pay, lies, s, t)
                found[name][0].see(ratio)
                found[name][1].see(gain)
    return tuple(
        ratio.measured(
            f"smallest gain / first-order gain, {name}", 0.0, note=f"smallest gain / weight {gain.worst:.2g}"
        )
        for name, (ratio, gain) in found.items()
    )


def _touching_zero(games: Games) -> Games:
    own = games.truth.rewards[:, :1]
    lowered = games.space.normalise(own - own.amin(-1, keepdim=True), games.space.support)
    truth = Valuation(torch.cat([lowered, games.truth.rewards[:, 1:]], 1), games.truth.weights)
    return Games(games.train, games.reference, truth, games.space, games.rng)


def _gains(games: Games, pay: PaymentRule, lies: _Lies, s: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    own, weight = games.own.rewards, games.own.weights
    slope = (lies.direction * s * t).sum((-2, -1))  # d valuation / d epsilon = w^2 slope
    moved = (s * lies.direction.abs()).sum((-2, -1))
    size = slope.abs() / torch.where(moved > 0, moved, 1.0)  # how strong t is there, in units of reward
    epsilon = SMALL * torch.minimum(lies.room, games.beta / weight) * size.clamp(max=1)
    told = torch.cat([own[None], own + epsilon[..., None, None] * lies.direction])
    utilities = games.utilities(pay, games.truth, Valuation(told, weight.expand(len(told), -1)))
    gain = (utilities[1:] - utilities[0]) / weight
    expected = weight * epsilon * slope
    applies = lies.applies & (expected > CLEAR)
    return (gain / expected)[applies], gain[applies]


def _one_raised(r: Tensor, t: Tensor, s: Tensor) -> _Lies:
    """r(x1) + epsilon where t(x1) > 0, r(x1) - epsilon where t(x1) < 0."""
    each = torch.eye(r.shape[-1], dtype=r.dtype)[:, None]  # [K, 1, K]
    here, sign = r.T, t.T.sign()  # [K, B]
    room = torch.where(sign > 0, 1 - here, here)
    return _Lies((sign[..., None] * each).unsqueeze(-2), room, (here > 0) & (here < 1) & (sign != 0))


def _to_the_best(r: Tensor, t: Tensor, s: Tensor) -> _Lies:
    """r(x1) - epsilon where t(x1) < 0, and epsilon more for the most liked."""
    each = torch.eye(r.shape[-1], dtype=r.dtype)[:, None]
    best = torch.nn.functional.one_hot(r.argmax(-1), r.shape[-1]).to(r.dtype)
    here = r.T
    room = torch.minimum(here, 1 - r.amax(-1))
    return _Lies((best - each).unsqueeze(-2), room, (here > 0) & (here < 1) & (t.T < 0))


def _to_the_softer(r: Tensor, t: Tensor, s: Tensor) -> _Lies:
    """r(x1) + epsilon, r(x2) - epsilon, where t(x1) > 0, 1 > r(x1) >= r(x2) > 0 and s(x1) > s(x2)."""
    K = r.shape[-1]
    first, second = (index.flatten() for index in torch.meshgrid(torch.arange(K), torch.arange(K), indexing="ij"))
    each = torch.eye(K, dtype=r.dtype)
    x1, x2 = r.T[first], r.T[second]
    applies = (t.T[first] > 0) & (x1 < 1) & (x1 >= x2) & (x2 > 0) & (s.T[first] > s.T[second])
    return _Lies((each[first] - each[second])[:, None, None], torch.minimum(x2, 1 - x1), applies)


CASES = {
    "case 1, max_one": ("max_one", _one_raised),
    "case 2, sum_to_one": ("sum_to_one", _to_the_best),
    "case 3, sum_to_one": ("sum_to_one", _to_the_softer),
}
zero_least_reward = Theorem(
    "4.3",
    "Without payments, an agent to whom some response is worth nothing still has a profitable small lie wherever "
    "t, the slope of its valuation in its own report, is not zero (Theorem B.2, three cases).",
    check,
)
