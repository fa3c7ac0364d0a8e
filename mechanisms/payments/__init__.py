"""Catalogue of payment rules: who pays what."""

from mechanisms.base import PaymentRule
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.cumulant import cumulant
from mechanisms.payments.pay_as_reported import pay_as_reported
from mechanisms.payments.zero import zero

PAYMENT_RULES: dict[str, PaymentRule] = {
    "zero": zero,
    "affine_maximizer": affine_maximizer,
    "pay_as_reported": pay_as_reported,
    "cumulant": cumulant,
}
