"""Nobody who tells the truth is worse off than with nothing (arXiv 2405.16276, Def. 3.3)."""

from torch import Tensor

from mechanisms.base import Mechanism, utility
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation


def individually_rational(mechanism: Mechanism, reference: Reference, truth: Valuation, lies: Valuation) -> Tensor:
    """-utility at the truth ``[..., n]``; rewards are taken to be non-negative, as everywhere in the paper."""
    return -utility(reference, truth, mechanism(reference, truth))
