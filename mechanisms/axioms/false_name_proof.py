"""Nobody gains by taking part twice (Yokoo, Sakurai and Matsubara 2004)."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, game_of
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism, utility
from mechanisms.valuation import Valuation

SHARES = (0.5, 1.0, 0.25)  # of the true weight, claimed by each of the two names


def false_name_proof(mechanism: Mechanism, games: Games) -> Finding:
    """The largest gain of agent i from taking part under two names; it pays both bills, and its worth is counted once.

    The second name is an agent of true weight 0, absent if it reports the truth.
    """
    reference, truth = games.reference, games.truth
    n = truth.weights.shape[-1]
    outcome = mechanism(reference, truth)
    honest = utility(reference, truth, outcome).movedim(-1, 0)  # [n, B]
    own = truth.payers()

    def gain(pair: Valuation) -> Tensor:
        profile = _with_second_name(truth, pair)
        answer = mechanism(reference, profile)
        bills = torch.diagonal(answer.payments[..., :n], dim1=-3, dim2=-1).movedim(-1, -2) + answer.payments[..., n]
        return own.weights * reference.expectation(answer.policy, own.rewards) - bills - honest

    best, regret, tried = worst_report(
        gain, _pairs(games), games.messages, games.effort, games.rng(), outcome.policy[:, None]
    )

    def witness(game: int, agent: int) -> Witness:
        one = game_of(truth, game)
        name = one.rewards[agent : agent + 1]
        doubled = Valuation(torch.cat([one.rewards, name]), torch.cat([one.weights, one.weights[:1] * 0]))
        rewards, weights = doubled.rewards.clone(), doubled.weights.clone()
        rewards[[agent, n]], weights[[agent, n]] = best.rewards[0, agent, game], best.weights[0, agent, game]
        return Witness(doubled, Valuation(rewards, weights), (agent, n))

    return Finding(regret.movedim(0, -1), witness, {"games": len(truth.weights), "reports": tried})


def _pairs(games: Games) -> Valuation:
    """Two reports a try ``[M, n, B, 2, P, K]``: the truth split, and misreports side by side."""
    own, lies = games.truth.payers(), Valuation(games.lies.rewards[::2], games.lies.weights[::2])
    shares = torch.tensor([(a, b) for a in SHARES for b in SHARES]).to(own.weights)
    split = own.weights[..., None] * shares[:, None, None]
    same = own.rewards[..., None, :, :].expand(len(shares), *own.rewards.shape[:2], 2, *own.rewards.shape[2:])
    beside = torch.stack([lies.rewards, lies.rewards.roll(1, 0)], -3)
    weights = torch.stack([lies.weights, lies.weights.roll(1, 0)], -1)
    pairs = Valuation(torch.cat([same, beside]), torch.cat([split, weights]))
    return games.messages.project(pairs)


def _with_second_name(truth: Valuation, pair: Valuation) -> Valuation:
    """n + 1 reports for each deviator: ``[M, n, B, n + 1, P, K]``."""
    n = truth.weights.shape[-1]
    mine = torch.eye(n, dtype=torch.bool, device=truth.weights.device)[:, None]  # [n, 1, n]
    rewards = torch.where(mine[..., None, None], pair.rewards[..., :1, :, :], truth.rewards)
    weights = torch.where(mine, pair.weights[..., :1], truth.weights)
    return Valuation(
        torch.cat([rewards, pair.rewards[..., 1:, :, :]], -3), torch.cat([weights, pair.weights[..., 1:]], -1)
    )
