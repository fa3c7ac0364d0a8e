"""A mechanism by names: what a scenario file says, before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from mechanisms.base import Mechanism
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.named import Named, made, name_of, unknown
from mechanisms.payments import PAYMENT_RULES
from mechanisms.training_rules import TRAINING_RULES

_RATIONAL = frozenset({"individually_rational", "no_deficit"})

# What a pair of training and payment rule promises for non-negative rewards, whatever the divergence and the
# fine-tuner (arXiv 2405.16276, Prop. 4.4, for the affine maximizer; the others pay nothing, or at most their value).
CLAIMS: dict[tuple[str, str], frozenset[str]] = {
    ("social_welfare", "affine_maximizer"): _RATIONAL | {"incentive_compatible"},
    ("social_welfare", "pay_as_reported"): _RATIONAL,
    ("social_welfare", "zero"): _RATIONAL,
    ("nash_welfare", "zero"): _RATIONAL,
    ("egalitarian", "zero"): _RATIONAL,
    ("generalized_mean", "zero"): _RATIONAL,
}


@dataclass(frozen=True)
class Recipe:
    """Names and numbers; `build` looks every name up once.

    >>> mechanism = Recipe(divergence="chi_squared", beta=0.5).build()
    >>> sorted(mechanism.claims)
    ['incentive_compatible', 'individually_rational', 'no_deficit']
    """

    training: Named = "social_welfare"
    divergence: Named = "kl"
    beta: float = 1.0
    fine_tuner: Named = "exact"
    payment: Named = "affine_maximizer"
    summary: str = ""

    @property
    def claims(self) -> frozenset[str]:
        """The axioms that the pair of rules claims."""
        return CLAIMS.get((name_of(self.training), name_of(self.payment)), frozenset())

    def but(self, **changes: Any) -> Recipe:
        """The same recipe with some keys changed."""
        return replace(self, **changes)

    def build(self, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu") -> Mechanism:
        """Raises ValueError in one sentence: an unknown name or option (with the nearest known), a bad value."""

        def tensors(spec: Named) -> Named:
            if isinstance(spec, str):
                return spec
            return {k: torch.tensor(v, dtype=dtype, device=device) if isinstance(v, list) else v for k, v in spec.items()}

        divergence = made(DIVERGENCES, self.divergence, "divergence")
        fine_tuner = made(
            FINE_TUNERS, tensors(self.fine_tuner), "fine_tuner", divergence=divergence, beta=float(self.beta)
        )
        train = made(TRAINING_RULES, tensors(self.training), "training", fine_tuner)
        if name_of(self.payment) not in PAYMENT_RULES:
            raise ValueError(f"payment: {unknown('payment', name_of(self.payment), PAYMENT_RULES)}")
        if isinstance(self.payment, Mapping) and len(self.payment) > 1:
            raise ValueError(f"payment: {name_of(self.payment)} has no options")
        return Mechanism(train, PAYMENT_RULES[name_of(self.payment)], self.claims)
