"""Which axioms a pair of training and payment rule claims; `trueward audit` proves or refutes them."""

from __future__ import annotations

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
