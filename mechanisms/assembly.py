"""From a recipe to a mechanism: every name is looked up once, here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch

from mechanisms.base import Mechanism, Repeated
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.named import Named, bound, made
from mechanisms.payments import PAYMENT_RULES
from mechanisms.prior import UNIFORM, Prior
from mechanisms.recipe import Recipe
from mechanisms.repeated import REPEATED
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
    payment, prior = tensors("payment", recipe.payment), UNIFORM
    if isinstance(payment, Mapping) and "prior" in payment:
        prior = made({"prior": Prior}, {**_mapping(payment["prior"]), "name": "prior"}, "payment.prior")
        payment = {**payment, "prior": prior}
    mechanism = Mechanism(train, bound(PAYMENT_RULES, payment, "payment", 4), recipe.claims, prior)
    return mechanism if recipe.repeated is None else _repeated(mechanism, tensors("repeated", recipe.repeated))


def _repeated(mechanism: Mechanism, spec: Named) -> Mechanism:
    repeated: Repeated = made(REPEATED, spec, "repeated")
    try:
        return replace(repeated.first(mechanism), repeated=repeated)
    except ValueError as error:
        raise ValueError(f"repeated: {error}") from None


def _mapping(given: Any) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise ValueError(f"payment.prior is {given!r}; a mapping with samples, low, high, weight, seed is expected")
    return given
