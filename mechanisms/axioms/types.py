"""One agent's types and what the rule does for them: the ground that monotonicity is tested on.

A type is (r, w); what a policy is worth to it is E_policy[w r], so t = w r is the vector that counts.  Axes are
``[T, n, B, ...]``: T types of each of n agents in B games, the other agents as they are.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Games
from mechanisms.base import Mechanism
from mechanisms.valuation import EVERYONE, Deviations, Valuation

AT_ONCE = 2**20  # numbers in one batch of policies


def policies(mechanism: Mechanism, games: Games, types: Valuation) -> Tensor:
    """What is trained when agent i has each of its types: ``[T, n, B, P, K]``."""
    size = max(1, AT_ONCE // max(1, types.rewards[0].numel() * games.truth.weights.shape[-1]))
    parts = zip(types.rewards.split(size), types.weights.split(size), strict=True)
    return torch.cat(
        [
            mechanism.train(games.reference, Deviations(games.truth, EVERYONE, Valuation(rewards, weights))).expand(
                *weights.shape, *rewards.shape[-2:]
            )
            for rewards, weights in parts
        ]
    )


def worths(games: Games, types: Valuation) -> Tensor:
    """w r, prompts weighted, so that a sum over prompts and responses is a valuation: ``[T, n, B, P K]``."""
    worth = types.weights[..., None, None] * types.rewards * games.reference.prompt_weights[:, None]
    return worth.flatten(-2)


def lengths(games: Games, types: Valuation, trained: Tensor) -> Tensor:
    """l(t, t') = t'.x(t') - t'.x(t), what type t' loses by telling t: ``[T, T', n, B]`` (arXiv 2405.16276, App. E)."""
    cross = torch.einsum("tnbk,unbk->tunb", trained.flatten(-2), worths(games, types))  # t'.x(t) at [t, t']
    return torch.diagonal(cross, dim1=0, dim2=1).movedim(-1, 0)[None] - cross


def with_truth(games: Games, count: int) -> Valuation:
    """The truth and up to ``count`` - 1 of the misreports, spread over the list: ``[T, n, B, ...]``."""
    own = games.truth.payers()
    picked = torch.linspace(0, len(games.lies.weights) - 1, count - 1).long().unique()
    rewards = torch.cat([own.rewards[None], games.lies.rewards[picked]])
    return Valuation(rewards, torch.cat([own.weights[None], games.lies.weights[picked]]))


def one_agents(types: Valuation, agent: int, game: int, picked: list[int]) -> Valuation:
    """The picked types of one agent in one game: ``[len(picked), P, K]``."""
    return Valuation(types.rewards[picked, agent, game], types.weights[picked, agent, game])
