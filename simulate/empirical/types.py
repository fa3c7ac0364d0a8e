"""Markets of many agents of a few types: who is alike, and the symmetric game of their lies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.deviation import deviation_utilities
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.empirical.normal_form import Array
from simulate.empirical.symmetric import Counts, SymmetricGame

Labels = Sequence[Sequence[str]]  # names of each type's actions
CHUNK = 4_000_000  # numbers in the largest tensor of a step: tens of megabytes


@dataclass(frozen=True)
class Types:
    """Agents who value everything alike, counted."""

    names: tuple[str, ...]
    sizes: tuple[int, ...]
    truth: Valuation  # [T, P, K], [T]

    @property
    def everybody(self) -> Valuation:
        """One agent a type, as heavy as all of it."""
        return Valuation(self.truth.rewards, self.truth.weights * self.truth.weights.new_tensor(self.sizes))


def types_of(names: Sequence[str], truth: Valuation) -> Types:
    """Agents ``[n, P, K]`` by equal truths, in order of first appearance; a type is named after its first agent.

    >>> rewards = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]], [[1.0, 0.0]]])
    >>> types_of(["a-1", "b-1", "a-2"], Valuation(rewards, torch.ones(3))).sizes
    (2, 1)
    """
    rows = torch.cat([truth.rewards.flatten(-2), truth.weights[:, None]], -1)
    _, kind = torch.unique(rows, dim=0, return_inverse=True)
    firsts = sorted({int(k): i for i, k in reversed(list(enumerate(kind.tolist())))}.values())
    sizes = tuple(int((kind == kind[first]).sum()) for first in firsts)
    return Types(tuple(names[first] for first in firsts), sizes, truth.of(torch.tensor(firsts)))


def groups(mechanism: Mechanism) -> bool:
    """Does the policy depend on the weighted total of reports alone, so that like reports can be one heavy report?"""
    return isinstance(mechanism.train, SocialWelfare) and bool((mechanism.train.influence == 1).all())


def symmetric_game(
    mechanism: Mechanism,
    reference: Reference,
    types: Types,
    menus: Sequence[Valuation],
    labels: Sequence[Sequence[str]],
) -> SymmetricGame:
    """The game in which every agent of type t picks from ``menus[t]`` (``[A_t, P, K]``, ``[A_t]``).

    Payoffs are true utilities under ``mechanism``, welfare is the training rule's objective at the truth.
    """
    said = Valuation(torch.cat([menu.rewards for menu in menus]), torch.cat([menu.weights for menu in menus]))
    profile = _grouped if groups(mechanism) else _spelled_out

    def payoff(kind: int, counts: Counts) -> Array:
        me, menu = types.truth.of(slice(kind, kind + 1)), menus[kind]
        lies = Valuation(menu.rewards[:, None, None], menu.weights[:, None, None])

        def part(some: Tensor) -> Tensor:
            others = profile(said, some)
            reports = Valuation(_beside(me.rewards, others.rewards), _beside_weights(me.weights, others.weights))
            told = Valuation(lies.rewards, lies.weights.expand(-1, 1, len(some)))
            return deviation_utilities(mechanism, reference, reports, reports, slice(0, 1), told)[:, 0].T

        return _in_chunks(part, counts, said).T

    best = float(mechanism.train.value(reference, types.everybody))

    def welfare(counts: Counts) -> Array:
        def part(some: Tensor) -> Tensor:
            policy = mechanism.train(reference, profile(said, some))
            return mechanism.train.objective(reference, types.everybody, policy)

        return _in_chunks(part, counts, said)

    return SymmetricGame(types.names, types.sizes, tuple(map(tuple, labels)), payoff, welfare, best)


def _grouped(said: Valuation, counts: Tensor) -> Valuation:
    """One agent a report, as heavy as all who make it: ``[C, A, P, K]``."""
    return Valuation(said.rewards, said.weights * counts)


def _spelled_out(said: Valuation, counts: Tensor) -> Valuation:
    """Everybody on their own: ``[C, N, P, K]``; the counts of every row sum to the same N."""
    who = torch.arange(counts.shape[1], device=counts.device).repeat(len(counts))
    picked = torch.repeat_interleave(who, counts.flatten()).reshape(len(counts), -1)
    return Valuation(said.rewards[picked], said.weights[picked])


def _beside(mine: Tensor, others: Tensor) -> Tensor:
    return torch.cat([mine.expand(*others.shape[:-3], *mine.shape), others], -3)


def _beside_weights(mine: Tensor, others: Tensor) -> Tensor:
    return torch.cat([mine.expand(*others.shape[:-1], 1), others], -1)


def _in_chunks(part: object, counts: Counts, said: Valuation) -> Array:
    """``part`` of some count vectors at a time, on the host."""
    assert callable(part)
    every = torch.from_numpy(np.ascontiguousarray(counts)).to(said.weights.device)
    heaviest = max(1, int(every[0].sum())) if len(every) else 1
    width = said.rewards[0].numel() * (len(said.weights) + min(heaviest, 64) + 2)
    done = [part(some).detach().cpu() for some in every.split(max(1, CHUNK // width))]
    return np.asarray(torch.cat(done).numpy(), dtype=np.float64)
