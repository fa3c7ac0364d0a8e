"""Truth is a best response, whatever the others report (DSIC; arXiv 2405.16276, Def. 3.2)."""

from __future__ import annotations

from torch import Tensor

from mechanisms.axioms.base import Finding, Games, Witness, game_of, reported
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import EVERYONE, Valuation


def incentive_compatible(mechanism: Mechanism, games: Games) -> Finding:
    """Ex-post regret: the largest gain of agent i from lying about rewards, weight or both, others' reports fixed.

    A training rule that is only approximately optimal may leave regret up to its optimality gap at the truth, no more.
    """
    reference, truth = games.reference, games.truth
    outcome = mechanism(reference, truth)
    honest = utility(reference, truth, outcome).movedim(-1, 0)

    def gain(lies: Valuation) -> Tensor:
        return deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies) - honest

    best, regret, tried = worst_report(gain, games.lies, games.messages, games.effort, games.rng(), outcome.policy)

    def witness(game: int, agent: int) -> Witness:
        lie = Valuation(best.rewards[0, agent, game], best.weights[0, agent, game])
        one = game_of(truth, game)
        return Witness(one, reported(one, agent, lie), (agent,))

    return Finding(
        regret.movedim(0, -1) - _allowed(mechanism, games), witness, {"games": len(truth.weights), "reports": tried}
    )


def _allowed(mechanism: Mechanism, games: Games) -> Tensor | float:
    """What an approximate fine-tune may leave to gain: its optimality gap at the truth, in each agent's own units."""
    if not isinstance(mechanism.train, SocialWelfare):
        return 0.0
    return mechanism.train.gap(games.reference, games.truth)[:, None] / mechanism.train.influence
