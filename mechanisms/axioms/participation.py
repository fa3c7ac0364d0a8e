"""Taking part beats staying away, where those who stay away still get the model that is trained without them."""

from __future__ import annotations

from mechanisms.axioms.base import Finding, Games, at_truth
from mechanisms.base import Mechanism, utility


def participation(mechanism: Mechanism, games: Games) -> Finding:
    """w_i E[r_i] under the policy trained without agent i, minus its utility at the truth.

    The outside option depends on the type (Jullien 2000); affine maximizers satisfy it for signed rewards as well,
    where individual rationality against zero fails (arXiv 2405.16276, proof of Prop. 4.4).
    """
    reference, truth = games.reference, games.truth
    own = truth.payers()
    without = mechanism.train(reference, truth.others())
    outside = truth.bills(own.weights * reference.expectation(without, own.rewards))
    violation = outside - utility(reference, truth, mechanism(reference, truth))
    return Finding(violation, at_truth(games), {"games": len(violation)})
