"""Rewards estimated with errors up to epsilon cost little: the base paper's two bounds, side by side."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, game_of, reported
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism
from mechanisms.deviation import deviation_utilities
from mechanisms.valuation import EVERYONE, Valuation


def noise_robust(mechanism: Mechanism, games: Games) -> Finding:
    """max(gain from lying - 2 w_i epsilon, loss of objective - 2 epsilon sum w), rewards read with error <= epsilon.

    The gain is expected over the errors, which do not depend on the report (arXiv 2405.16276, Theorem 4.12); the loss
    is in the rule's own objective at the truth, in the worst of the errors drawn (Lemma D.2).
    """
    games = games.fewer()
    reference, truth = games.reference, games.truth
    noise, epsilon = _noise(games)
    read = Valuation(truth.rewards + noise, truth.weights.expand(noise.shape[:-2]))  # [Q, B, n, P, K]
    own = Valuation(truth.rewards.expand_as(read.rewards), read.weights)
    mine = noise.movedim(-3, 0)  # [n, Q, B, P, K]

    def worth(lies: Valuation) -> Tensor:
        seen = Valuation(lies.rewards[:, :, None] + mine, lies.weights[:, :, None].expand(-1, -1, len(noise), -1))
        return deviation_utilities(mechanism, reference, own, read, EVERYONE, seen).mean(-2)

    one = truth.payers()
    honest = worth(Valuation(one.rewards[None], one.weights[None]))[0]
    allowed = 2 * epsilon * one.weights

    def gain(lies: Valuation) -> Tensor:
        return worth(lies) - honest - allowed

    best, excess, tried = worst_report(
        gain, games.lies, games.messages, games.effort, games.rng(), games.reference.policy
    )
    trained = mechanism.train(reference, read)
    reached = mechanism.train.objective(reference, truth, trained)
    loss = (mechanism.train.value(reference, truth) - reached).amax(0) - 2 * epsilon * truth.weights.sum(-1)
    columns = torch.cat([excess.movedim(0, -1), loss[:, None]], -1)

    def witness(game: int, column: int) -> Witness:
        honestly = game_of(truth, game)
        if column == excess.shape[0]:
            return Witness(honestly, honestly, (0,))
        lie = Valuation(best.rewards[0, column, game], best.weights[0, column, game])
        return Witness(honestly, reported(honestly, column, lie), (column,))

    searched = {"games": len(truth.weights), "reports": tried, "noises": len(noise)}
    return Finding(columns, witness, searched)


def _noise(games: Games) -> tuple[Tensor, float]:
    """Errors uniform on [-epsilon, epsilon], and the extremes: ``[Q, B, n, P, K]``; epsilon in units of reward."""
    rewards, count = games.truth.rewards, games.effort.noises
    epsilon = games.effort.epsilon * float(rewards.abs().max())
    uniform = 2 * torch.rand((count, *rewards.shape), generator=games.rng(), dtype=torch.float64) - 1
    uniform[: count // 2] = uniform[: count // 2].sign()
    return epsilon * uniform.to(rewards) * (games.reference.policy > 0), epsilon
