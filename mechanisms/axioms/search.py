"""Looking for the worst report: every lie in hand, then uphill from the best of them, then jumps around the best."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.ascent import Worth, climbed, jumped, natural, together, winner
from mechanisms.axioms.base import Effort
from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation

AT_ONCE = 2**22  # numbers in one batch of reports: enough to fill a machine, few enough to stay in its memory
RATE = 0.5  # first step of the ascent, in units of the largest reward


def worst_report(
    gain: Worth, lies: Valuation, messages: MessageSpace, effort: Effort, rng: torch.Generator, policy: Tensor
) -> tuple[Valuation, Tensor, int]:
    """The report that gains most: ``[1, ...]``, its gain ``[...]``, and how many reports were tried for each.

    ``gain`` maps reports ``[M, ...]`` to ``[M, ...]``; ``policy`` is broadcast against their rewards.
    """
    with torch.no_grad():
        gains = in_chunks(gain, lies)
        best, record = winner(lies, gains)
        tried = lies.weights.shape[0]
        starts = _climbers(lies, gains, effort.climbers)
    if effort.steps and _has_slope(gain, best):
        top, height = climbed(gain, starts, messages, effort.steps, RATE, natural(policy))
        best, record = winner(together(best, top), torch.cat([record, height]))
        tried += effort.climbers * (effort.steps + 1)
    if effort.jumps:
        with torch.no_grad():
            best, record = jumped(gain, best, record, messages, rng, effort.jumps)
        tried += 12 * effort.jumps
    return best, record[0], tried


def in_chunks(worth: Worth, reports: Valuation) -> Tensor:
    """``worth`` of many reports, as many at a time as memory likes."""
    per_try = max(1, reports.rewards[0].numel())
    size = max(1, AT_ONCE // (4 * per_try))
    parts = zip(reports.rewards.split(size), reports.weights.split(size), strict=True)
    return torch.cat([worth(Valuation(rewards, weights)) for rewards, weights in parts])


def _climbers(lies: Valuation, gains: Tensor, count: int) -> Valuation:
    """Where the ascent starts: half of it from the best lies, half from lies spread over the list."""
    best = gains.topk(min((count + 1) // 2, len(gains)), 0).indices
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
