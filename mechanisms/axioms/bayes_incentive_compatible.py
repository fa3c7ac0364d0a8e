"""Truth is a best response on average, when the others are honest strangers drawn from the common prior."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, reported
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism
from mechanisms.deviation import deviation_utilities
from mechanisms.valuation import Valuation


def bayes_incentive_compatible(mechanism: Mechanism, games: Games) -> Finding:
    """Interim regret: the largest gain of agent i over the truth, a mean over the strangers of ``mechanism.prior``.

    The prior is a finite one, so the mean is exact.  Myerson 1981; d'Aspremont and Gerard-Varet 1979.
    """
    games = games.fewer()
    found = [_interim(mechanism, games, agent) for agent in range(games.truth.weights.shape[-1])]
    violation = torch.stack([regret for _, regret, _ in found], -1)

    def witness(game: int, agent: int) -> Witness:
        best, _, _ = found[agent]
        lie = Valuation(best.rewards[0, 0, game], best.weights[0, 0, game])
        gains = _gains(
            mechanism,
            games,
            agent,
            Valuation(best.rewards[:, :, game : game + 1], best.weights[:, :, game : game + 1]),
            slice(game, game + 1),
        )
        worst = int(gains[0, 0, :, 0].argmax())
        among = _among_strangers(mechanism, games, agent, slice(game, game + 1))
        one = Valuation(among.rewards[worst, 0], among.weights[worst, 0])
        return Witness(one, reported(one, agent, lie), (agent,))

    return Finding(
        violation, witness, {"games": len(violation), "reports": found[0][2], "draws": mechanism.prior.samples}
    )


def _interim(mechanism: Mechanism, games: Games, agent: int) -> tuple[Valuation, Tensor, int]:
    """Agent i's worst lie ``[1, 1, B, ...]`` on average, and its interim regret ``[B]``."""
    every = slice(None)

    def gain(lies: Valuation) -> Tensor:
        return _gains(mechanism, games, agent, lies, every).mean(-2)

    own = slice(agent, agent + 1)
    lies = Valuation(games.lies.rewards[:, own], games.lies.weights[:, own])
    best, regret, tried = worst_report(gain, lies, games.messages, games.effort, games.rng(), games.reference.policy)
    return best, regret[0], tried


def _gains(mechanism: Mechanism, games: Games, agent: int, lies: Valuation, some: slice) -> Tensor:
    """Lies ``[M, 1, B, ...]`` -> gains over the truth ``[M, 1, S, B]``, for each of S profiles of strangers."""
    profile, agents = _among_strangers(mechanism, games, agent, some), slice(agent, agent + 1)
    own = profile.of(agents).payers()
    honest = Valuation(own.rewards[None], own.weights[None])
    spread = Valuation(lies.rewards[:, :, None], lies.weights[:, :, None].expand(-1, -1, *profile.weights.shape[:-1]))
    told = deviation_utilities(mechanism, games.reference, profile, profile, agents, honest)
    return deviation_utilities(mechanism, games.reference, profile, profile, agents, spread) - told


def _among_strangers(mechanism: Mechanism, games: Games, agent: int, some: slice) -> Valuation:
    """Agent i as it is, everybody else a stranger: rewards ``[S, B, n, P, K]``."""
    rewards, weights = games.truth.rewards[some], games.truth.weights[some]
    n = weights.shape[-1]
    strangers = mechanism.prior.strangers(games.reference, n - 1)
    others = [j for j in range(n) if j != agent]
    among = rewards.expand(mechanism.prior.samples, *rewards.shape).clone()
    among[:, :, others] = strangers.rewards[:, None]
    counts = weights.expand(mechanism.prior.samples, *weights.shape).clone()
    counts[:, :, others] = strangers.weights[:, None]
    return Valuation(among, counts)
