"""What payment rules share: the fine-tuner behind a training rule, and what the affine maximizer collects."""

from __future__ import annotations

import re
from typing import Protocol, cast

from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.fine_tuners.base import FineTuner, Iterative
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.valuation import Profile, spelled_out


class _FineTuned(Protocol):
    @property
    def fine_tuner(self) -> FineTuner: ...


def tuner(train: TrainingRule) -> FineTuner:
    """The fine-tuner that a training rule is built on; every catalogued rule has one."""
    return cast(_FineTuned, train).fine_tuner


class Climbing(TrainingRule, Protocol):
    """A training rule that climbs one summed reward in steps."""

    @property
    def fine_tuner(self) -> Iterative: ...

    def reward(self, reference: Reference, reports: Profile) -> Tensor:
        """What the fine-tuner climbs: ``[..., P, K]``."""
        ...


def climbing(train: TrainingRule, payment: str) -> Climbing:
    """The rule itself, if there is a training run to look at.

    Raises ValueError for rules other than social_welfare, and for fine-tuners that do not train in steps.
    """
    if getattr(train, "reward", None) is None:
        raise ValueError(f"payment {payment} needs training social_welfare; it is {_words(train)}")
    if getattr(tuner(train), "checkpoints", None) is None:
        given = _words(tuner(train))
        raise ValueError(
            f"payment {payment} needs a fine-tuner that trains in steps: mirror, lora, rloo; it is {given}"
        )
    return cast(Climbing, train)


def _words(thing: object) -> str:
    """A class name as catalogues spell it: ConcaveWelfare -> concave_welfare."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", type(thing).__name__).lower()


def revenue(train: TrainingRule, reference: Reference, market: Profile) -> Tensor:
    """R = sum_j p_j of `affine_maximizer` in a market of its own: ``[...]``."""
    reports = spelled_out(market)
    return affine_maximizer(train, reference, reports, train(reference, reports)).sum(-1)
