"""From a recipe to a mechanism: every name is looked up once, here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch

from mechanisms.base import Mechanism
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.named import Named, made, name_of, unknown
from mechanisms.payments import PAYMENT_RULES
from mechanisms.recipe import Recipe
from mechanisms.training_rules import TRAINING_RULES


def assembled(recipe: Recipe, dtype: torch.dtype | None, device: torch.device | str) -> Mechanism:
    """Raises ValueError in one sentence that starts with the recipe's key."""

    kind = dtype or torch.float64

    def tensor(what: str, values: Any) -> torch.Tensor:
        try:
            return torch.tensor(values, dtype=kind, device=device)
        except (TypeError, ValueError, OverflowError):
            raise ValueError(f"{what}: lists of numbers, all of one length, are expected") from None

    def tensors(what: str, spec: Named) -> Named:
        if isinstance(spec, str):
            return spec
        return {key: tensor(f"{what}.{key}", v) if isinstance(v, list) else v for key, v in spec.items()}

    divergence = made(DIVERGENCES, recipe.divergence, "divergence")
    supplied = {"divergence": divergence, "beta": float(recipe.beta)}
    fine_tuner = made(FINE_TUNERS, tensors("fine_tuner", recipe.fine_tuner), "fine_tuner", **supplied)
    train = made(TRAINING_RULES, tensors("training", recipe.training), "training", fine_tuner)
    if name_of(recipe.payment) not in PAYMENT_RULES:
        raise ValueError(f"payment: {unknown('payment', name_of(recipe.payment), PAYMENT_RULES)}")
    if isinstance(recipe.payment, Mapping) and len(recipe.payment) > 1:
        raise ValueError(f"payment: {name_of(recipe.payment)} has no options")
    return Mechanism(train, PAYMENT_RULES[name_of(recipe.payment)], recipe.claims)
