"""Lies to search for a profitable one, and the ex-post regret that they find."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Valuation

MOST_NUMBERS = 4_000_000  # rewards of lies held at a time: 32 MB
NEARBY = 0.3  # of a reward's range: the first steps of the climb; each round halves them


def random_lies(truth: Valuation, messages: MessageSpace, count: int, rng: torch.Generator) -> Valuation:
    """``count`` messages for every agent and game: rewards ``[M, n, B, P, K]``, weights ``[M, n, B]``.

    A fifth each, by chance: the agent's type in another game, the truth jittered, shrunk or stretched, cut at a
    threshold to all or nothing, and fresh noise; the weight is true, ten times true, or anything from a tenth of it on.
    """
    own = truth.payers()
    shape = (count, *own.weights.shape)
    one = (*shape, 1, 1)
    low, high = own.rewards.amin((-2, -1), keepdim=True), own.rewards.amax((-2, -1), keepdim=True)

    def uniform(*size: int) -> Tensor:
        return torch.rand(size, generator=rng, dtype=torch.float64).to(own.rewards)

    noise = uniform(*shape, *own.rewards.shape[-2:])
    games = torch.randint(shape[-1], (count, shape[-1]), generator=rng).to(own.rewards.device)
    swapped = own.rewards[:, games].movedim(1, 0)
    threshold = high - (high - low) * uniform(*one) ** 2  # the favourite alone, often
    kinds = torch.stack(
        torch.broadcast_tensors(
            swapped,
            own.rewards + NEARBY * (high - low) * (2 * noise - 1),
            own.rewards * 2 ** (6 * uniform(*one) - 3),
            torch.where(own.rewards >= threshold, high, low),
            low + (high - low) * noise,
        )
    )
    pick = torch.randint(len(kinds), one, generator=rng).to(own.rewards.device)
    rewards = kinds.gather(0, pick.expand(kinds.shape[1:])[None])[0]
    exaggerated = torch.where(uniform(*shape) < 0.5, 10.0, 10 ** (2 * uniform(*shape) - 1))
    factor = torch.where(uniform(*shape) < 0.5, 1.0, exaggerated)
    return _messages(own, messages, Valuation(rewards, own.weights * factor))


def ex_post_regret(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    messages: MessageSpace,
    count: int,
    rounds: int,
    rng: torch.Generator,
) -> Tensor:
    """Largest gain over the truth that `tempting_lie` finds, per game and agent, at least 0: ``[B, n]``."""
    return tempting_lie(mechanism, reference, truth, messages, count, rounds, rng)[0].movedim(0, -1)


def tempting_lie(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    messages: MessageSpace,
    count: int,
    rounds: int,
    rng: torch.Generator,
) -> tuple[Tensor, Valuation]:
    """The best lie found and its gain ``[n, B]``, the truth and 0 where none gains.

    ``count`` random lies, then so many ``rounds`` of ``count // 4`` random changes to the best so far.
    """
    own = truth.payers()
    with torch.no_grad():
        honest = utility(reference, truth, mechanism(reference, truth)).movedim(-1, 0)
        gain, lie = torch.zeros_like(honest), own
        for round_ in range(rounds + 1):
            for size in pieces(own, count if round_ == 0 else max(1, count // 4)):
                if round_ == 0:
                    lies = random_lies(truth, messages, size, rng)
                else:
                    lies = _changed(lie, own, messages, size, NEARBY / 2 ** (round_ - 1), rng)
                lying = deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies)
                gain, lie = _better(gain, lie, lying - honest, lies)
    return gain, lie


def pieces(own: Valuation, count: int) -> list[int]:
    """``count`` lies in portions that fit in memory."""
    most = max(1, MOST_NUMBERS // own.rewards.numel())
    return [min(most, count - start) for start in range(0, count, most)]


def in_pieces(lies: Valuation, of: Callable[[Valuation], Tensor]) -> Tensor:
    """``of`` on portions of the lies, put together along their first axis."""
    sizes = pieces(Valuation(lies.rewards[0], lies.weights[0]), len(lies.weights))
    parts = zip(lies.rewards.split(sizes), lies.weights.split(sizes), strict=True)
    return torch.cat([of(Valuation(rewards, weights)) for rewards, weights in parts])


def _changed(
    lie: Valuation, own: Valuation, messages: MessageSpace, count: int, reach: float, rng: torch.Generator
) -> Valuation:
    """Random steps from a lie ``[n, B, P, K]``, up to ``reach`` of the true rewards' range."""
    span = own.rewards.amax((-2, -1), keepdim=True) - own.rewards.amin((-2, -1), keepdim=True)
    noise = torch.randn((count, *lie.rewards.shape), generator=rng, dtype=torch.float64).to(lie.rewards)
    factor = torch.randn((count, *lie.weights.shape), generator=rng, dtype=torch.float64).to(lie.weights)
    return _messages(own, messages, Valuation(lie.rewards + reach * span * noise, lie.weights * (reach * factor).exp()))


def _better(best: Tensor, lie: Valuation, gains: Tensor, lies: Valuation) -> tuple[Tensor, Valuation]:
    top, index = gains.max(0)
    wins = top > best
    rewards = lies.rewards.gather(0, index[None, ..., None, None].expand(1, *lies.rewards.shape[1:]))[0]
    weights = lies.weights.gather(0, index[None])[0]
    kept = Valuation(torch.where(wins[..., None, None], rewards, lie.rewards), torch.where(wins, weights, lie.weights))
    return torch.where(wins, top, best), kept


def _messages(own: Valuation, messages: MessageSpace, lies: Valuation) -> Valuation:
    """Lies as messages; one without a reward above 0, which some rules refuse, becomes the truth if that has one."""
    lies = messages.project(lies)
    empty = (lies.rewards <= 0).flatten(-2).all(-1) & (own.rewards > 0).flatten(-2).any(-1)
    return Valuation(torch.where(empty[..., None, None], own.rewards, lies.rewards), lies.weights)
