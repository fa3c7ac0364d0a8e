"""A mechanism by names: what a scenario file says, before it is built; and the catalogue of named mechanisms."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mechanisms.named import Named, name_of

if TYPE_CHECKING:
    import torch

    from mechanisms.base import Mechanism

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

    def build(self, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> Mechanism:
        """The mechanism itself, float64 unless asked otherwise.

        Raises ValueError in one sentence: an unknown name or option (with the nearest known), a bad value.
        """
        from mechanisms.assembly import assembled  # here, so that scenario files can be checked without torch

        return assembled(self, dtype, device)


MECHANISMS: dict[str, Recipe] = {
    "no_payment": Recipe(payment="zero", summary="maximise reported welfare, charge nothing: lying pays"),
    "vcg": Recipe(payment="affine_maximizer", summary="charge the externality on the others: truth is dominant"),
    "pay_as_reported": Recipe(payment="pay_as_reported", summary="charge the reported valuation: agents shade"),
    "nash_welfare": Recipe("nash_welfare", payment="zero", summary="maximise the product of expected rewards"),
    "egalitarian": Recipe("egalitarian", payment="zero", summary="maximise the least expected reward"),
    "generalized_mean": Recipe("generalized_mean", payment="zero", summary="aggregate rewards by log-mean-exp"),
}
