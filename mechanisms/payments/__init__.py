"""Catalogue of payment rules: who pays what."""

from mechanisms.base import PaymentRule
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.agv import agv
from mechanisms.payments.bailey import bailey
from mechanisms.payments.cavallo import cavallo
from mechanisms.payments.checkpoints import checkpoints
from mechanisms.payments.cumulant import cumulant
from mechanisms.payments.early_stopped import early_stopped
from mechanisms.payments.groves import groves
from mechanisms.payments.learned import learned
from mechanisms.payments.max_in_range import max_in_range
from mechanisms.payments.mosaic import mosaic
from mechanisms.payments.pay_as_reported import pay_as_reported
from mechanisms.payments.rochet_path import rochet_path
from mechanisms.payments.segment_auction import segment_auction
from mechanisms.payments.sink import sink
from mechanisms.payments.token_auction import token_auction
from mechanisms.payments.zero import zero

PAYMENT_RULES: dict[str, PaymentRule] = {
    "zero": zero,
    "affine_maximizer": affine_maximizer,
    "pay_as_reported": pay_as_reported,
    "cumulant": cumulant,
    "max_in_range": max_in_range,
    "early_stopped": early_stopped,
    "checkpoints": checkpoints,
    "groves": groves,
    "bailey": bailey,
    "cavallo": cavallo,
    "sink": sink,
    "agv": agv,
    "mosaic": mosaic,
    "rochet_path": rochet_path,
    "token_auction": token_auction,
    "segment_auction": segment_auction,
    "learned": learned,
}
