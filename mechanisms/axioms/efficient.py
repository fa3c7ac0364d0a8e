"""The policy maximises social welfare net of what moving away from the reference costs."""

from __future__ import annotations

from torch import Tensor

from mechanisms.axioms.base import Finding, Games, at_truth
from mechanisms.base import Mechanism
from mechanisms.fine_tuners.exact import Exact
from mechanisms.training_rules.base import FineTuned
from mechanisms.training_rules.social_welfare import SocialWelfare


def efficient(mechanism: Mechanism, games: Games) -> Finding:
    """max over all policies of sum_i w_i E[r_i] - beta D, minus what the mechanism's policy attains at the truth."""
    reference, truth = games.reference, games.truth
    policy = mechanism(reference, truth).policy
    attained = truth.welfare(reference, policy) - mechanism.train.beta * mechanism.train.divergence(reference, policy)
    violation = (_most(mechanism, games) - attained)[:, None]
    return Finding(violation, at_truth(games), {"games": len(violation)})


def _most(mechanism: Mechanism, games: Games) -> Tensor:
    train = mechanism.train
    if train.beta == 0 or not isinstance(train, FineTuned):  # no regulariser: the best response of every prompt
        best = games.truth.total.where(games.reference.policy > 0, -float("inf")).amax(-1)
        return games.reference.mean(best)
    return SocialWelfare(Exact(train.fine_tuner.divergence, train.beta)).value(games.reference, games.truth)
