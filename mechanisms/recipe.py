"""A mechanism by names: what a scenario file says, before it is built."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mechanisms.claims import claims_of, kept_claims
from mechanisms.named import Named, name_of

if TYPE_CHECKING:
    import torch

    from mechanisms.base import Mechanism


@dataclass(frozen=True)
class Recipe:
    """Names and numbers; `build` looks every name up once.

    >>> mechanism = Recipe(divergence="chi_squared", beta=0.5).build()
    >>> "incentive_compatible" in mechanism.claims
    True
    """

    training: Named = "social_welfare"
    divergence: Named = "kl"
    beta: float = 1.0
    fine_tuner: Named = "exact"
    payment: Named = "affine_maximizer"
    summary: str = ""
    repeated: Named | None = None  # what changes from round to round

    @property
    def claims(self) -> frozenset[str]:
        """The axioms that the pair of rules claims; of a repeated mechanism, those it claims of every round."""
        spelled_out = [rule for rule in (self.training, self.payment) if not isinstance(rule, str)]
        options = frozenset(option for rule in spelled_out for option in rule)
        claimed = claims_of(name_of(self.training), name_of(self.payment), name_of(self.fine_tuner), options)
        if self.repeated is None:
            return claimed
        return kept_claims(claimed, name_of(self.repeated), name_of(self.payment))

    def but(self, **changes: Any) -> Recipe:
        """The same recipe with some keys changed."""
        return replace(self, **changes)

    def build(self, dtype: torch.dtype | None = None, device: torch.device | str = "cpu") -> Mechanism:
        """The mechanism itself, float64 unless asked otherwise.

        Raises ValueError in one sentence: an unknown name or option (with the nearest known), a bad value.
        """
        from mechanisms.assembly import assembled  # here, so that scenario files can be checked without torch

        return assembled(self, dtype, device)
