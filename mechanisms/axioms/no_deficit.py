"""The provider never pays out in total."""

from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation


def no_deficit(mechanism: Mechanism, reference: Reference, truth: Valuation, lies: Valuation) -> Tensor:
    """-sum of payments, the same for every agent ``[..., n]``."""
    payments = mechanism(reference, truth).payments
    return -payments.sum(-1, keepdim=True).expand_as(payments)
