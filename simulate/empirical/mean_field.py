"""The limit of infinitely many small agents: nobody moves the policy, and what is left of lying is of second order.

Let type t have mass m_t of agents, each of weight w -> 0 who says s = w' r' / w per unit of its weight.  With p the
policy trained on everybody, an agent's own report moves p by (w / beta) p (s - E_p[s]) under KL, so that its utility is

    w E_p[r] + (w^2 / beta) (Cov_p(r, s) - c Var_p(s) / 2) + O(w^3),

c = 1 with affine-maximizer payments and 0 without: the payment is beta log E_p[exp(-w s / beta)] + w E_p[s], a
cumulant, whose leading term is w^2 Var_p(s) / (2 beta).  With payments the bracket is Var(r) / 2 - Var(r - s) / 2,
largest at the truth whatever the others do; without, it grows without end in the direction of r.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.zero import zero
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.empirical.normal_form import Array, Profile
from simulate.empirical.types import Labels, Types, groups


@dataclass(frozen=True)
class MeanField:
    """A game between masses; its payoffs are the brackets above, in units of reward squared (derived)."""

    mechanism: Mechanism
    reference: Reference
    types: Types
    menus: tuple[Valuation, ...]  # [A_t, P, K], [A_t]
    actions: tuple[tuple[str, ...], ...]

    @classmethod
    def of(
        cls,
        mechanism: Mechanism,
        reference: Reference,
        types: Types,
        menus: Sequence[Valuation],
        labels: Labels,
    ) -> MeanField:
        """Raises ValueError where the expansion does not hold."""
        train, tuner = mechanism.train, getattr(mechanism.train, "fine_tuner", None)
        exact = isinstance(tuner, Exact) and tuner.divergence.name == "kl"
        if not (isinstance(train, SocialWelfare) and groups(mechanism) and exact):
            raise ValueError("the mean-field limit is worked out for welfare trained exactly under kl alone")
        if mechanism.pay not in (affine_maximizer, zero):
            raise ValueError("the mean-field limit is worked out for the payments zero and affine_maximizer alone")
        return cls(mechanism, reference, types, tuple(menus), tuple(map(tuple, labels)))

    def policy(self, profile: Profile) -> Tensor:
        """What is trained when masses say this: ``[P, K]``."""
        mass = self.types.everybody.weights / self.types.truth.weights
        shares = [m * torch.from_numpy(x).to(m) for m, x in zip(mass, profile, strict=True)]
        weights = torch.cat([menu.weights * share for menu, share in zip(self.menus, shares, strict=True)])
        return self.mechanism.train(
            self.reference, Valuation(torch.cat([menu.rewards for menu in self.menus]), weights)
        )

    def values(self, profile: Profile) -> tuple[Array, ...]:
        """Cov_p(r_t, s_a) - c Var_p(s_a) / 2 of each action of each type: ``[A_t]`` each."""
        policy, charged = self.policy(profile), self.mechanism.pay is affine_maximizer
        found = []
        for kind, menu in enumerate(self.menus):
            true, weight = self.types.truth.rewards[kind], self.types.truth.weights[kind]
            said = menu.weights[:, None, None] * menu.rewards / weight
            means = (policy * said).sum(-1, keepdim=True)
            away = said - means
            gain = self.reference.expectation(policy, away * true)
            if charged:
                gain = gain - self.reference.expectation(policy, away**2) / 2
            found.append(gain.cpu().numpy())
        return tuple(found)

    def loss(self, profile: Profile) -> float:
        """The best objective at the truth minus the one reached."""
        train, truth = self.mechanism.train, self.types.everybody
        reached = train.objective(self.reference, truth, self.policy(profile))
        return float(train.value(self.reference, truth) - reached)
