"""Leximin: the least well-off agent decides, ties are decided by the next least, and so on (Sen 1970)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from mechanisms.fine_tuners.menu import Menu
from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL, FineTuned
from mechanisms.training_rules.concave_welfare import ConcaveWelfare
from mechanisms.training_rules.egalitarian import egalitarian
from mechanisms.training_rules.presence import each_agents
from mechanisms.valuation import Profile

TIE = 1e-12  # expected rewards are sums of dozens of products: equal ones differ by less


@dataclass(frozen=True)
class Leximin(FineTuned):
    """Lexicographic maximum of (v_(1), v_(2), ...) - beta * D, v_(k) the k-th least E[r_i] of the agents present.

    A regulariser that is strictly convex leaves the egalitarian optimum no ties to break, so over all policies
    leximin is `egalitarian`; they differ on a menu.  ``objective`` is the first stage, min_i E[r_i] - beta * D.
    """

    influence: ClassVar[Tensor] = EQUAL
    iterative: ClassVar[bool] = True

    @property
    def first(self) -> ConcaveWelfare:
        """The first stage, as a rule of its own."""
        return egalitarian(self.fine_tuner)

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        if not isinstance(self.fine_tuner, Menu):
            return self.first(reference, reports)
        return self.fine_tuner.policies[self._best(reference, reports, self.fine_tuner.policies)]

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        return self.first.objective(reference, reports, policy)

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        return self.first.value(reference, reports)

    def _best(self, reference: Reference, reports: Profile, policies: Tensor) -> Tensor:
        """The place of the leximin policy among ``[C, P, K]``: ``[...]``; the first, where all agents tie."""
        expected = reference.expectation(policies[:, None], reports.rewards[..., None, :, :, :])  # [..., C, n]
        present = (reports.weights > 0)[..., None, :]
        ordered = torch.where(present, expected, torch.inf).sort(-1).values
        absent = ordered.isposinf()  # behind everybody present; there the cost alone is compared
        cost = self.beta * self.divergence(each_agents(reference), policies) if self.beta else expected.new_zeros(1)
        return first_lexicographic(torch.where(absent, 0.0, ordered) - cost[..., None])


def first_lexicographic(criteria: Tensor) -> Tensor:
    """The first of the best rows ``[..., C, L] -> [...]``: largest in column 0, among those largest in column 1, ...

    >>> first_lexicographic(torch.tensor([[1.0, 2.0], [1.0, 3.0], [0.0, 9.0]]))
    tensor(1)
    """
    best = torch.ones_like(criteria[..., 0], dtype=torch.bool)
    for column in criteria.unbind(-1):
        among = torch.where(best, column, -torch.inf)
        best = best & (among >= among.amax(-1, keepdim=True) - TIE)
    return best.to(torch.int8).argmax(-1)
