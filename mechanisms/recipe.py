"""A mechanism by names: what a scenario file says, before it is built."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from mechanisms.base import Mechanism
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.payments import PAYMENT_RULES
from mechanisms.training_rules import TRAINING_RULES

Named = str | Mapping[str, Any]  # a name, or {name: ..., option: ...}

# What a pair of training and payment rule promises, whatever the divergence and the fine-tuner (Prop. 4.4; Groves).
CLAIMS: dict[tuple[str, str], frozenset[str]] = {
    ("social_welfare", "affine_maximizer"): frozenset({"incentive_compatible", "individually_rational", "no_deficit"}),
    ("social_welfare", "zero"): frozenset({"individually_rational", "no_deficit"}),
    ("nash_welfare", "zero"): frozenset({"individually_rational", "no_deficit"}),
    ("egalitarian", "zero"): frozenset({"individually_rational", "no_deficit"}),
    ("generalized_mean", "zero"): frozenset({"individually_rational", "no_deficit"}),
    ("social_welfare", "pay_as_reported"): frozenset({"individually_rational", "no_deficit"}),
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
        return CLAIMS.get((_name(self.training), _name(self.payment)), frozenset())

    def but(self, **changes: Any) -> Recipe:
        """The same recipe with some keys changed."""
        return replace(self, **changes)

    def build(self, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu") -> Mechanism:
        """Raises ValueError (an unknown name, an option out of range), TypeError (an unknown option)."""

        def made(catalogue: Mapping[str, Any], key: str, *positional: Any, **fixed: Any) -> Any:
            spec = getattr(self, key)
            name, options = _name(spec), {} if isinstance(spec, str) else dict(spec)
            options.pop("name", None)
            if name not in catalogue:
                raise ValueError(f"{key}: no {name!r}; allowed are {', '.join(catalogue)}")
            lists = {k: torch.tensor(v, dtype=dtype, device=device) for k, v in options.items() if isinstance(v, list)}
            return catalogue[name](*positional, **fixed, **{**options, **lists})

        divergence = made(DIVERGENCES, "divergence")
        fine_tuner = made(FINE_TUNERS, "fine_tuner", divergence=divergence, beta=self.beta)
        train = made(TRAINING_RULES, "training", fine_tuner)
        payment = PAYMENT_RULES.get(_name(self.payment))
        if payment is None:
            raise ValueError(f"payment: no {_name(self.payment)!r}; allowed are {', '.join(PAYMENT_RULES)}")
        return Mechanism(train, payment, self.claims)


def _name(spec: Named) -> str:
    return spec if isinstance(spec, str) else str(spec.get("name"))
