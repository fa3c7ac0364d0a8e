"""Do a mechanism's tensors fit a game?"""

from __future__ import annotations

from dataclasses import replace

import torch

from mechanisms.base import Mechanism, TrainingRule
from mechanisms.fine_tuners.menu import Menu
from mechanisms.fine_tuners.mixtures import Mixtures
from mechanisms.fine_tuners.trained import Trained
from mechanisms.reference import Reference
from mechanisms.training_rules.base import FineTuned
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Reports

DISTRIBUTION_TOLERANCE = 1e-9  # how far a menu's policy may be from summing to one


def require_fit(mechanism: Mechanism, reference: Reference, reports: Reports) -> None:
    """Raises ValueError, naming the option and the shape it must have, or why the rule cannot train on the reports.

    No language model is trained for that.
    """
    train, shape, n = _idle(mechanism.train), tuple(reference.policy.shape[-2:]), reports.weights.shape[-1]
    if isinstance(train, SocialWelfare):
        influence, boosts = train.influence, train.boosts
        if tuple(influence.shape) not in ((1,), (n,)) or bool((influence <= 0).any()):
            raise ValueError(f"training.influence: {n} numbers above 0 are expected, one an agent")
        if boosts is not None and tuple(boosts.shape) != shape:
            raise ValueError(f"training.boosts: {shape[0]} x {shape[1]} numbers (prompts x responses) are expected")
    if isinstance(train, FineTuned) and isinstance(train.fine_tuner, Menu):
        _require_distributions(train.fine_tuner.policies, shape)
    with torch.no_grad():
        try:
            policy = train(reference, reports)
        except ValueError as error:
            raise ValueError(f"training: {error}") from None
        try:
            mechanism.pay(train, reference, reports, policy)
        except ValueError as error:
            raise ValueError(f"payment: {error}") from None


def _idle(train: TrainingRule) -> TrainingRule:
    if not isinstance(train, FineTuned):
        return train
    tuner = train.fine_tuner
    if isinstance(tuner, Trained):
        return replace(train, fine_tuner=replace(tuner, idle=True))
    if isinstance(tuner, Mixtures):
        return replace(train, fine_tuner=replace(tuner, tuner=replace(tuner.tuner, idle=True), how="logits", made={}))
    return train


def _require_distributions(policies: torch.Tensor, shape: tuple[int, ...]) -> None:
    if policies.dim() != 3 or tuple(policies.shape[1:]) != shape:
        raise ValueError(f"fine_tuner.policies: each must be {shape[0]} x {shape[1]} numbers (prompts x responses)")
    if bool((policies < 0).any()) or bool(((policies.sum(-1) - 1).abs() > DISTRIBUTION_TOLERANCE).any()):
        raise ValueError("fine_tuner.policies: each must be a distribution for every prompt, summing to 1")
