"""The dynamic pivot mechanism: plan some rounds ahead, charge the flow externality (Bergemann and Valimaki 2010)."""

from __future__ import annotations

from dataclasses import dataclass, replace

from mechanisms.base import Mechanism, Uniform
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.repeated.planned_welfare import PlannedWelfare
from mechanisms.training_rules.base import EQUAL
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class DynamicPivot:
    """p_i = W_-i(reference) - [others' objective of this round at pi_1 + discount * W'_-i(pi_1)].

    W_-i is the most that the others could attain in ``horizon`` rounds that each start from the last one's policy
    (scenario key ``drift: true``), W'_-i in one round less; pi_1 is the first policy of everybody's best plan.  This is
    the affine-maximizer payment of `PlannedWelfare`.  Bills of a plan carried out add up, discounted, to its whole
    externality, so who values all the planned rounds and bills does best to report the truth throughout, whatever the
    others report (derived; checked in tests/test_repeated.py).  Who values one round alone may gain by lying.

    After D. Bergemann and J. Valimaki, "The Dynamic Pivot Mechanism", Econometrica 78 (2010) (from memory), for types
    that do not change.  The market plans afresh every round, ``horizon`` rounds ahead.
    """

    horizon: int = 3
    discount: float = 0.9

    def first(self, mechanism: Mechanism) -> Mechanism:
        train = mechanism.train
        if (
            not isinstance(train, SocialWelfare)
            or train.influence is not EQUAL
            or train.boosts is not None
            or train.status_quo
        ):
            raise ValueError("dynamic_pivot plans for the training social_welfare without options; another is given")
        if not isinstance(train.fine_tuner, Exact) or train.fine_tuner.divergence.name != "kl":
            raise ValueError("dynamic_pivot plans with the fine-tuner exact and the divergence kl; another is given")
        if mechanism.pay is not affine_maximizer:
            raise ValueError("dynamic_pivot charges by the payment affine_maximizer; another is given")
        return replace(mechanism, train=PlannedWelfare(train.fine_tuner, self.horizon, self.discount))

    def __post_init__(self) -> None:
        PlannedWelfare.require(self.horizon, self.discount)

    def init(self, reference: Reference, agents: int, games: int) -> None:
        return None

    def current(self, state: None, mechanism: Mechanism) -> Mechanism:
        return mechanism

    def update(
        self, state: None, mechanism: Mechanism, reference: Reference, reports: Valuation, uniform: Uniform
    ) -> None:
        return None
