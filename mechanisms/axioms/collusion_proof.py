"""No two agents gain together by agreeing on what to report (pairwise, side payments allowed; Schummer 2000)."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, game_of
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism, utility
from mechanisms.valuation import Valuation

LOUD = 100.0  # times the true weight, where the message space allows it


def collusion_proof(mechanism: Mechanism, games: Games) -> Finding:
    """The largest gain in the sum of two agents' utilities when both misreport, over all pairs ``[B, pairs]``."""
    reference, truth = games.reference, games.truth
    pairs = torch.combinations(torch.arange(truth.weights.shape[-1]))  # [C, 2]
    outcome = mechanism(reference, truth)
    if not len(pairs):
        return Finding(torch.zeros_like(truth.weights[:, :1]), _nobody, {"games": len(truth.weights)})
    alone = utility(reference, truth, outcome)
    honest = alone[:, pairs].sum(-1).T  # [C, B]
    members = torch.nn.functional.one_hot(pairs, truth.weights.shape[-1]).to(truth.weights)  # [C, 2, n]

    def gain(told: Valuation) -> Tensor:
        profile = _agreed(truth, members, told)
        answer = mechanism(reference, profile)
        each = truth.weights * truth.expected_rewards(reference, answer.policy) - answer.payments
        return (each * members.sum(1)[:, None]).sum(-1) - honest

    lies = _both(games, pairs)
    effort, policy = games.effort.of_two(), outcome.policy[:, None]
    best, regret, tried = worst_report(gain, lies, games.messages, effort, games.rng(), policy)

    def witness(game: int, pair: int) -> Witness:
        one = game_of(truth, game)
        rewards, weights = one.rewards.clone(), one.weights.clone()
        rewards[pairs[pair]], weights[pairs[pair]] = best.rewards[0, pair, game], best.weights[0, pair, game]
        return Witness(one, Valuation(rewards, weights), tuple(pairs[pair].tolist()))

    return Finding(regret.movedim(0, -1), witness, {"games": len(truth.weights), "reports": tried})


def _both(games: Games, pairs: Tensor) -> Valuation:
    """Both members' misreports, of one kind, of neighbouring kinds, and in one voice: ``[M, C, B, 2, P, K]``."""
    rewards, weights = games.lies.rewards[:, pairs], games.lies.weights[:, pairs]  # [M, C, 2, B, ...]
    shifted, moved = rewards[::2].clone(), weights[::2].clone()
    shifted[:, :, 1] = shifted[:, :, 1].roll(1, 0)
    moved[:, :, 1] = moved[:, :, 1].roll(1, 0)
    one = _in_one_voice(games, pairs)
    return Valuation(
        torch.cat([torch.cat([rewards, shifted]).movedim(2, 3), one.rewards]),
        torch.cat([torch.cat([weights, moved]).movedim(2, 3), one.weights]),
    )


def _in_one_voice(games: Games, pairs: Tensor) -> Valuation:
    """What the two want together, or their favourite alone, at their weights and as loud as can be."""
    own, weights = games.truth.rewards[:, pairs].transpose(0, 1), games.truth.weights[:, pairs].transpose(0, 1)
    share = weights / weights.sum(-1, keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)
    both = (share[..., None, None] * own).sum(-3, keepdim=True).expand_as(own)  # [C, B, 2, P, K]
    favourite = (both == both.amax(-1, keepdim=True)) * both.abs().amax((-2, -1), keepdim=True)
    rewards = torch.stack([both, both, favourite, favourite])
    return games.messages.project(Valuation(rewards, torch.stack([weights, LOUD * weights] * 2)))


def _agreed(truth: Valuation, members: Tensor, told: Valuation) -> Valuation:
    """Everybody's report if the pair says ``told [M, C, B, 2, P, K]``: ``[M, C, B, n, P, K]``."""
    rewards, weights = truth.rewards, truth.weights
    for member in (0, 1):
        mine = members[:, member, None, :] > 0  # [C, 1, n]
        rewards = torch.where(mine[..., None, None], told.rewards[..., member : member + 1, :, :], rewards)
        weights = torch.where(mine, told.weights[..., member : member + 1], weights)
    return Valuation(rewards, weights)


def _nobody(game: int, pair: int) -> Witness:
    raise ValueError("one agent alone has nobody to collude with")
