"""Random dictatorship over samples: a random agent picks its best of a few replies; truth is dominant, unpaid."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.presence import mean_of_present
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class BestOfNDictator(SocialChoice):
    """policy = mean over agents of the law of argmax r_i over ``draws`` replies from the reference.

    Exactly: responses that i likes equally, of reference mass from L (those it likes less) to U, get U^N - L^N,
    shared in proportion to the reference.  A unilateral scheme of Gibbard's (1977): the agent drawn can do no better
    than name its order, and no scale enters.  Agents count equally whatever their weight; weight 0 is absent.

    Raises ValueError unless draws is at least 1.
    """

    draws: int = 8

    def __post_init__(self) -> None:
        if self.draws < 1:
            raise ValueError(f"best_of_n_dictator: draws is {self.draws}; allowed is 1 and above")

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        rewards, mass = reports.rewards.detach(), reference.policy[..., None, :, :]
        worse = _mass(rewards[..., None, :] < rewards[..., :, None], mass)
        equal = _mass(rewards[..., None, :] == rewards[..., :, None], mass)
        share = mass / torch.where(equal > 0, equal, 1.0)
        laws = share * ((worse + equal) ** self.draws - worse**self.draws)
        return mean_of_present(reports, laws, reference)


def _mass(which: Tensor, mass: Tensor) -> Tensor:
    """Reference mass of the responses marked ``[..., K, K]`` in each row: ``[..., K]``."""
    return (which.to(mass.dtype) @ mass[..., None]).squeeze(-1)
