"""Nobody gains by taking part twice (Yokoo, Sakurai and Matsubara 2004)."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, at_truth, game_of
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism
from mechanisms.valuation import Valuation

SHARES = (0.5, 1.0, 0.25, 100.0)  # of the true weight, claimed by each of the two names


def false_name_proof(mechanism: Mechanism, games: Games) -> Finding:
    """The largest gain of agent i from taking part under two names; it pays both bills, and its worth is counted once.

    The second name is an agent of true weight 0; honestly it stays silent, in a seat of its own (`agv`, `bailey` and
    `cavallo` count seats).  A mechanism whose options fix the number of agents has no seat for it, and is proof
    against it.
    """
    reference, truth = games.reference, games.truth
    n, own = truth.weights.shape[-1], truth.payers()
    if not _has_a_seat(mechanism, games):
        return Finding(torch.zeros_like(truth.weights), at_truth(games), {"games": len(truth.weights), "reports": 0})
    policy = mechanism.train(reference, truth)

    def worth(pair: Valuation) -> Tensor:
        answer = mechanism(reference, _with_second_name(truth, pair))
        bills = torch.diagonal(answer.payments[..., :n], dim1=-3, dim2=-1).movedim(-1, -2) + answer.payments[..., n]
        return own.weights * reference.expectation(answer.policy, own.rewards) - bills

    silent = Valuation(torch.stack([own.rewards] * 2, -3), torch.stack([own.weights, 0 * own.weights], -1))
    honest = worth(Valuation(silent.rewards[None], silent.weights[None]))

    def gain(pair: Valuation) -> Tensor:
        return worth(pair) - honest

    best, regret, tried = worst_report(
        gain, _pairs(games), games.messages, games.effort.of_two(), games.rng(), policy[:, None]
    )

    def witness(game: int, agent: int) -> Witness:
        one = game_of(truth, game)
        name = one.rewards[agent : agent + 1]
        doubled = Valuation(torch.cat([one.rewards, name]), torch.cat([one.weights, one.weights[:1] * 0]))
        rewards, weights = doubled.rewards.clone(), doubled.weights.clone()
        rewards[[agent, n]], weights[[agent, n]] = best.rewards[0, agent, game], best.weights[0, agent, game]
        return Witness(doubled, Valuation(rewards, weights), (agent, n))

    return Finding(regret.movedim(0, -1), witness, {"games": len(truth.weights), "reports": tried})


def _has_a_seat(mechanism: Mechanism, games: Games) -> bool:
    """Does the mechanism, which has just served n agents, serve n + 1 of them?"""
    truth = games.truth
    weights = torch.cat([truth.weights, 0 * truth.weights[:, :1]], 1)
    more = Valuation(torch.cat([truth.rewards, truth.rewards[:, :1]], 1), weights)
    try:
        mechanism(games.reference, more)
    except (RuntimeError, ValueError):  # shapes that do not fit, or an option that says so
        return False
    return True


def _pairs(games: Games) -> Valuation:
    """Two reports a try ``[M, n, B, 2, P, K]``: the truth split, one misreport twice, and two side by side."""
    own, lies = games.truth.payers(), games.lies
    shares = torch.tensor([(a, b) for a in SHARES for b in SHARES]).to(own.weights)
    split = own.weights[..., None] * shares[:, None, None]
    same = own.rewards[..., None, :, :].expand(len(shares), *own.rewards.shape[:2], 2, *own.rewards.shape[2:])
    twice = torch.stack([lies.rewards, lies.rewards], -3)
    beside = torch.stack([lies.rewards, lies.rewards.roll(1, 0)], -3)[::2]
    weights_twice = torch.stack([lies.weights, lies.weights], -1)
    weights_beside = torch.stack([lies.weights, lies.weights.roll(1, 0)], -1)[::2]
    pairs = Valuation(torch.cat([same, twice, beside]), torch.cat([split, weights_twice, weights_beside]))
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
