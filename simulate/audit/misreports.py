"""The misreports an audit begins with: what strategies say, what is extreme, what is near the truth, what is random."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.menus import MENUS

LOUD = (1.0, 1.0, 0.01, 0.5, 2.0, 8.0)  # factors on the weight; half of the random lies leave it alone
QUIET = 1e-6  # all but absent; staying away altogether is not a misreport, `participation` asks about it


def misreports(truth: Valuation, messages: MessageSpace, count: int, rng: torch.Generator) -> Valuation:
    """``count`` random misreports and all structured ones, for each agent: rewards ``[M, n, B, P, K]``.

    ``truth`` has rewards ``[B, n, P, K]``.
    """
    kinds = [*(_flat(menu(truth, messages), truth) for menu in MENUS.values()), _structured(truth, messages)]
    kinds.append(_random(truth, count, rng))
    lies = Valuation(torch.cat([k.rewards for k in kinds]), torch.cat([k.weights for k in kinds]))
    allowed = messages.project(lies)
    return Valuation(allowed.rewards.transpose(1, 2), allowed.weights.transpose(1, 2))


def types(truth: Valuation, messages: MessageSpace, games: int, rng: torch.Generator) -> Valuation:
    """Random truths in the message space, of the size of those given: ``[games, n, P, K]``.

    Uniform, peaked and sparse rewards by turns; every other game has the weights of the scenario.
    """
    rewards, weights = truth.rewards[:1], truth.weights[:1]
    shape = (games, *rewards.shape[1:])
    power = torch.tensor([1.0, 4.0, 0.5, 1.0])[torch.arange(games) % 4].reshape(-1, 1, 1, 1)
    drawn = torch.rand(shape, generator=rng, dtype=torch.float64) ** power
    sparse = (torch.rand(shape, generator=rng) < 0.5) | (torch.arange(games) % 8 != 3).reshape(-1, 1, 1, 1)
    size = rewards.abs().amax().clamp(min=torch.finfo(rewards.dtype).tiny)
    room = float(weights.amax().clamp(min=1.0)) * 2
    some = torch.rand(shape[:2], generator=rng, dtype=torch.float64) * min(room, messages.max_weight)
    some = some.ceil() if messages.integer_weights else some
    kept = (torch.arange(games) % 2 == 0)[:, None]
    return messages.project(
        Valuation((drawn * sparse).to(rewards) * size, torch.where(kept, weights.cpu(), some).to(weights))
    )


def _flat(menu: Valuation, truth: Valuation) -> Valuation:
    """A menu ``[M or 1, B, n, ...]`` with its rewards repeated where it keeps them once."""
    return Valuation(menu.rewards.expand(len(menu.weights), *truth.rewards.shape), menu.weights)


def _structured(truth: Valuation, messages: MessageSpace) -> Valuation:
    """Silence, near absence, ranks, one's favourite or all but one's worst, swaps, shifts, and the largest weight."""
    rewards, exists = truth.rewards, messages.support
    seen = torch.where(exists, rewards, -torch.inf)
    best, order = seen.amax(-1, keepdim=True), seen.argsort(-1).argsort(-1)
    size = _size(rewards)
    worst = torch.where(exists, rewards, torch.inf).amin(-1, keepdim=True)
    loud = [rewards, size * (rewards == best), size * (rewards > worst)]
    told = [
        torch.zeros_like(rewards),
        rewards,
        order.to(rewards) / exists.sum(-1, keepdim=True).clamp(min=2).sub(1) * size,
        size * (rewards == best),
        size * (rewards > worst),
        size - rewards,
        rewards.roll(1, -1),
        rewards.roll(1, 1),
        rewards * (rewards >= rewards.mean(-1, keepdim=True)),
        (rewards / size * 4).round() / 4 * size,
        *(_swapped(rewards, exists, k) for k in range(min(exists.shape[-1] - 1, 12))),
        *loud,
    ]
    weights = truth.weights.expand(len(told), *truth.weights.shape).clone()
    weights[1] *= QUIET
    most = min(messages.max_weight, float(100 * truth.weights.amax().clamp(min=1)))
    weights[-len(loud) :] = torch.where(truth.weights > 0, most, 0.0)  # who is absent says nothing
    return Valuation(torch.stack(told), weights)


def _swapped(rewards: Tensor, exists: Tensor, rank: int) -> Tensor:
    """The rewards of the responses ranked ``rank`` and ``rank + 1`` (from the best) exchanged."""
    order = torch.where(exists, rewards, -torch.inf).argsort(-1, descending=True)
    swapped = order.clone()
    swapped[..., rank], swapped[..., rank + 1] = order[..., rank + 1], order[..., rank]
    return torch.zeros_like(rewards).scatter(-1, order, rewards.gather(-1, swapped))


def _random(truth: Valuation, count: int, rng: torch.Generator) -> Valuation:
    """Fresh rewards, the truth with noise from large to tiny, the truth scaled; weights true, or not, by turns."""
    shape = (count, *truth.rewards.shape)
    size = _size(truth.rewards).to("cpu", torch.float64)
    uniform = torch.rand(shape, generator=rng, dtype=torch.float64)
    noise = torch.randn(shape, generator=rng, dtype=torch.float64)
    kind = (torch.arange(count) % 4).reshape(-1, *(1,) * truth.rewards.dim())
    near = 10.0 ** (-3 * torch.rand((count, *truth.weights.shape, 1, 1), generator=rng, dtype=torch.float64))
    scale = 3 * torch.rand((count, *truth.weights.shape, 1, 1), generator=rng, dtype=torch.float64)
    true = truth.rewards.to("cpu", torch.float64)
    told = torch.where(kind == 0, uniform * size, true + near * noise * size)
    told = torch.where(kind == 1, scale * true + 0.1 * noise * size * (near < 0.1), told)
    told = torch.where(kind == 2, size * (uniform < 0.4), told)
    factor = torch.tensor(LOUD, dtype=torch.float64)[
        torch.randint(len(LOUD), (count, *truth.weights.shape), generator=rng)
    ]
    return Valuation(told.to(truth.rewards), factor.to(truth.weights) * truth.weights)


def _size(rewards: Tensor) -> Tensor:
    """An agent's largest reward, 1 if it has none: ``[..., 1, 1]``."""
    size = rewards.abs().flatten(-2).amax(-1)[..., None, None]
    return torch.where(size > 0, size, 1.0)
