"""Looking for the worst report: every lie in hand and fresh ones, then uphill from the best, then jumps around it.

What pays one agent in one game is tried by every agent in every game: a flaw of the mechanism is often at one place.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.ascent import JUMPS, Worth, climbed, jumped, natural, together, winner
from mechanisms.axioms.base import Effort
from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

AT_ONCE = 2**22  # numbers in one batch of reports: enough to fill a machine, few enough to stay in its memory
RATE = 0.5  # first step of the ascent, in units of the largest reward
SHARED = 16  # reports, the best of any agent in any game, that all others try


def worst_report(
    gain: Worth, lies: Valuation, messages: MessageSpace, effort: Effort, rng: torch.Generator, policy: Tensor
) -> tuple[Valuation, Tensor, int]:
    """The report that gains most: ``[1, ...]``, its gain ``[...]``, and how many reports were tried for each.

    ``gain`` maps reports ``[M, ...]`` to ``[M, ...]``; ``policy`` is broadcast against their rewards.
    """
    with torch.no_grad():
        if effort.fresh:
            lies = together(lies, _fresh(lies, messages, effort.fresh, rng))
        gains = in_chunks(gain, lies)
        best, record = _everywhere(gain, *winner(lies, gains))
        tried = lies.weights.shape[0] + SHARED
        starts = together(best, _climbers(lies, gains, effort.climbers - 1))
    if effort.steps and _has_slope(gain, best):
        top, height = climbed(gain, starts, messages, effort.steps, RATE, natural(policy))
        with torch.no_grad():
            best, record = _everywhere(gain, *winner(together(best, top), torch.cat([record, height])))
        tried += effort.climbers * (effort.steps + 1) + SHARED
    if effort.jumps:
        with torch.no_grad():
            best, record = jumped(gain, best, record, messages, rng, effort.jumps)
        tried += 2 * len(JUMPS) * effort.jumps
    return best, record[0], tried


def in_chunks(worth: Worth, reports: Valuation) -> Tensor:
    """``worth`` of many reports, as many at a time as memory likes."""
    per_try = max(1, reports.rewards[0].numel())
    size = max(1, AT_ONCE // (4 * per_try))
    parts = zip(reports.rewards.split(size), reports.weights.split(size), strict=True)
    return torch.cat([worth(Valuation(rewards, weights)) for rewards, weights in parts])


def _fresh(lies: Valuation, messages: MessageSpace, count: int, rng: torch.Generator) -> Valuation:
    """Rewards uniform up to the largest in the lies, weights picked from the lies: ``[count, ...]``."""
    shape = (count, *lies.rewards.shape[1:])
    size = lies.rewards.abs().amax(0).flatten(-2).amax(-1)[..., None, None]
    rewards = size * torch.rand(shape, generator=rng, dtype=torch.float64).to(size)
    picked = torch.randint(len(lies.weights), (count, *lies.weights.shape[1:]), generator=rng)
    return messages.project(Valuation(rewards, lies.weights.take_along_dim(picked.to(size.device), 0)))


def _everywhere(gain: Worth, best: Valuation, record: Tensor) -> tuple[Valuation, Tensor]:
    """The best reports ``[1, ...]`` after everybody has tried the `SHARED` best of all."""
    slots = record.dim() - 1
    place = record.flatten().topk(min(SHARED, record.numel())).indices

    def to_all(values: Tensor) -> Tensor:
        top = values[0].flatten(0, slots - 1)[place]
        return top.reshape(len(place), *(1,) * slots, *top.shape[1:]).expand(len(place), *values.shape[1:])

    weights = to_all(best.weights)
    kept = torch.where((weights > 0) & (best.weights > 0), weights, best.weights)  # nobody comes or leaves
    others = Valuation(to_all(best.rewards), kept)
    return winner(together(best, others), torch.cat([record, gain(others)]))


def _climbers(lies: Valuation, gains: Tensor, count: int) -> Valuation:
    """Where else the ascent starts: half of it from the best lies, half from lies spread over the list."""
    best = gains.topk(min(count // 2, len(gains)), 0).indices
    spread = torch.linspace(0, len(gains) - 1, count - len(best), device=gains.device).long()
    place = torch.cat([best, spread.reshape(-1, *(1,) * (gains.dim() - 1)).expand(-1, *gains.shape[1:])])
    extra = lies.rewards.dim() - place.dim()
    rewards = lies.rewards.take_along_dim(place.reshape(*place.shape, *(1,) * extra), 0)
    more = lies.weights.dim() - place.dim()
    return Valuation(rewards, lies.weights.take_along_dim(place.reshape(*place.shape, *(1,) * more), 0))


def _has_slope(gain: Worth, best: Valuation) -> bool:
    """Does what is gained depend on the report smoothly?  Rankings and menus do not."""
    with torch.enable_grad():
        probe = Valuation(
            best.rewards.detach().clone().requires_grad_(), best.weights.detach().clone().requires_grad_()
        )
        return gain(probe).requires_grad
