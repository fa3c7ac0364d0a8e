"""Catalogue of training rules: what the reports are aggregated into."""

from collections.abc import Callable

from mechanisms.base import TrainingRule
from mechanisms.training_rules.egalitarian import egalitarian
from mechanisms.training_rules.generalized_mean import GeneralizedMean
from mechanisms.training_rules.nash_welfare import nash_welfare
from mechanisms.training_rules.social_welfare import SocialWelfare

TRAINING_RULES: dict[str, Callable[..., TrainingRule]] = {
    "social_welfare": SocialWelfare,
    "nash_welfare": nash_welfare,
    "egalitarian": egalitarian,
    "generalized_mean": GeneralizedMean,
}
