"""Faltings' sink (2004): a random agent is left out, so that it can take what the others pay."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.presence import each_agents, mean_of_present
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Sink(SocialChoice):
    """policy = mean over agents a present of argmax_p sum_{i != a} w_i E_p[r_i] - beta * D.

    Who is left out is drawn with equal chances; utilities are linear in the policy, so the mean policy is the
    mechanism in expectation.  A single agent is left out itself: the policy is the reference.
    """

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        own = reports.weights[..., None, None] * reports.rewards
        policies = self.fine_tuner(each_agents(reference), reports.total[..., None, :, :] - own)
        return mean_of_present(reports, policies, reference)
