"""Truth is a best response, whatever the others report (DSIC; arXiv 2405.16276, Def. 3.2)."""

from __future__ import annotations

from torch import Tensor

from mechanisms.ascent import together
from mechanisms.axioms.base import Finding, Games, Witness, game_of, reported
from mechanisms.axioms.search import worst_report
from mechanisms.axioms.shared_lies import best_shared_lie, factorises, random_messages
from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import EVERYONE, Valuation

SHARED = 10_000  # lies that all agents of all games try
MEMORY = 2**22  # numbers in them


def incentive_compatible(mechanism: Mechanism, games: Games) -> Finding:
    """Ex-post regret: the largest gain of agent i from lying about rewards, weight or both, others' reports fixed.

    A training rule that is only approximately optimal may leave regret up to its optimality gap at the truth, no more.
    """
    reference, truth = games.reference, games.truth
    outcome = mechanism(reference, truth)
    honest = utility(reference, truth, outcome).movedim(-1, 0)

    def gain(lies: Valuation) -> Tensor:
        return deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies) - honest

    lies, shared = _with_shared(mechanism, games)
    best, regret, tried = worst_report(gain, lies, games.messages, games.effort, games.rng(), outcome.policy)

    def witness(game: int, agent: int) -> Witness:
        lie = Valuation(best.rewards[0, agent, game], best.weights[0, agent, game])
        one = game_of(truth, game)
        return Witness(one, reported(one, agent, lie), (agent,))

    return Finding(
        regret.movedim(0, -1) - _allowed(mechanism, games),
        witness,
        {"games": len(truth.weights), "reports": tried + shared},
    )


def _with_shared(mechanism: Mechanism, games: Games) -> tuple[Valuation, int]:
    """The misreports, and the best of a long list that all agents share, where trying it costs next to nothing."""
    if not factorises(mechanism):
        return games.lies, 0
    count = min(SHARED, max(1, MEMORY // games.reference.policy[0].numel() // len(games.reference.policy)))
    drawn = random_messages(games, count)
    found = best_shared_lie(mechanism, games, drawn)
    if found is None:
        return games.lies, 0
    place = found[1]
    rewards, weights = drawn.rewards[place], drawn.weights[place] * (games.truth.payers().weights > 0)
    return together(games.lies, Valuation(rewards[None], weights[None])), count


def _allowed(mechanism: Mechanism, games: Games) -> Tensor | float:
    """What an approximate fine-tune may leave to gain: its optimality gap at the truth, in each agent's own units."""
    if not isinstance(mechanism.train, SocialWelfare):
        return 0.0
    return mechanism.train.gap(games.reference, games.truth)[:, None] / mechanism.train.influence
