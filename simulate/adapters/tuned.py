"""A scenario whose fine-tunes are kept on disk, or watched while they run."""

from __future__ import annotations

from dataclasses import replace

from mechanisms.base import Mechanism, TrainingRule
from mechanisms.fine_tuners.mixtures import Mixtures
from mechanisms.fine_tuners.trained import Trained
from mechanisms.fine_tuners.training.climb import Watch
from mechanisms.fine_tuners.training.recalled import Keeper
from mechanisms.named import name_of
from mechanisms.repeated.weighted import Weighted
from mechanisms.training_rules.base import FineTuned
from simulate.config import Config, override

TRAINING = ("lora", "rloo")  # fine-tuners that are `Trained`


def trains(config: Config) -> bool:
    """Does every round of it train language models?"""
    return not isinstance(config.mechanism, str) and name_of(config.mechanism.fine_tuner) in TRAINING


def at_the_optimum(config: Config) -> Config:
    """The scenario with the exact optimum for every model that it trains: hundreds of counterfactuals can afford it."""
    if not trains(config):
        return config
    keys = {"mechanism.fine_tuner": "exact"}
    return Config.model_validate(override(config.model_dump(mode="json", exclude_none=True), keys))


def tuned(mechanism: Mechanism, keeper: Keeper | None, watch: Watch) -> Mechanism:
    """The same mechanism; its fine-tunes go to ``keeper``, their steps are told to ``watch``."""
    return replace(mechanism, train=_tuned(mechanism.train, keeper, watch))


def _tuned(train: TrainingRule, keeper: Keeper | None, watch: Watch) -> TrainingRule:
    if isinstance(train, Weighted):
        return replace(train, ordinary=_tuned(train.ordinary, keeper, watch))
    if not isinstance(train, FineTuned):
        return train
    tuner = train.fine_tuner
    if isinstance(tuner, Trained):
        return replace(train, fine_tuner=replace(tuner, keeper=keeper, watch=watch))
    if isinstance(tuner, Mixtures):
        return replace(train, fine_tuner=replace(tuner, tuner=replace(tuner.tuner, keeper=keeper, watch=watch)))
    return train
