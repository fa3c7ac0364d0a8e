"""An ordinary mechanism in which agents count differently, in every game of a batch in its own way.

Influence a_i multiplies agent i's weight, and a bill worked out in these units is divided by a_i: a_i times i's
utility is then its utility in the ordinary mechanism, so whatever is truthful there, is truthful here, as long as the
influences are fixed before the reports arrive.  For `social_welfare` it is the affine maximizer of those influences.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar, cast

import torch
from torch import Tensor

from mechanisms.base import Mechanism, TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Deviations, Profile, Reports, Valuation

AnyProfile = TypeVar("AnyProfile", bound=Profile)


def weighted(mechanism: Mechanism, influence: Tensor) -> Mechanism:
    """train(a w, r), and payments p_i(a w, r) / a_i: influence a is ``[..., n]``, at least 0; at 0 an agent is absent.

    Raises whatever the ordinary mechanism raises.
    """
    # A bill is rounded to eps and then divided by the influence: below sqrt(eps) the error would pass the bill itself.
    heard = torch.where(influence < torch.finfo(influence.dtype).eps ** 0.5, 0.0, influence)

    def pay(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
        bills = mechanism.pay(mechanism.train, reference, _scaled(reports, heard), policy)
        mine = reports.billed(heard)
        return torch.where(mine > 0, bills / torch.where(mine > 0, mine, 1.0), 0.0)

    return replace(mechanism, train=Weighted(mechanism.train, heard), pay=pay)


@dataclass(frozen=True)
class Weighted:
    """The ordinary rule on reports whose weights are multiplied by their agents' influence."""

    ordinary: TrainingRule
    influence: Tensor  # [..., n]

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        return self.ordinary(reference, _scaled(reports, self.influence))

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        return self.ordinary.objective(reference, _scaled(reports, self.influence), policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.ordinary.value(reference, _scaled(reports, self.influence))

    def divergence(self, reference: Reference, policy: Tensor) -> Tensor:
        return self.ordinary.divergence(reference, policy)

    @property
    def beta(self) -> float:
        return self.ordinary.beta


def _scaled(profile: AnyProfile, influence: Tensor) -> AnyProfile:
    """`Profile.scaled` by influences that differ from game to game."""
    if not isinstance(profile, Deviations):
        return cast(AnyProfile, profile.scaled(influence))
    mine = profile.billed(influence.to(profile.lies.weights)).squeeze(-1)
    lies = Valuation(profile.lies.rewards, profile.lies.weights * mine)
    return cast(AnyProfile, Deviations(profile.base.scaled(influence), profile.agents, lies))
