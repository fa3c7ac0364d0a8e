"""What payment rules share: the fine-tuner behind a training rule, and what the affine maximizer collects."""

from __future__ import annotations

from typing import Protocol, cast

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.fine_tuners.base import FineTuner
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.valuation import Profile, spelled_out


class _FineTuned(Protocol):
    @property
    def fine_tuner(self) -> FineTuner: ...


def tuner(train: TrainingRule) -> FineTuner:
    """The fine-tuner that a training rule is built on; every catalogued rule has one."""
    return cast(_FineTuned, train).fine_tuner


def revenue(train: TrainingRule, reference: Reference, market: Profile) -> Tensor:
    """R = sum_j p_j of `affine_maximizer` in a market of its own: ``[...]``."""
    reports = spelled_out(market)
    return affine_maximizer(train, reference, reports, train(reference, reports)).sum(-1)
