"""Catalogue of training rules: what the reports are aggregated into."""

from collections.abc import Callable

from mechanisms.base import TrainingRule
from mechanisms.training_rules.best_of_n_dictator import BestOfNDictator
from mechanisms.training_rules.copeland import copeland
from mechanisms.training_rules.egalitarian import egalitarian
from mechanisms.training_rules.generalized_mean import GeneralizedMean
from mechanisms.training_rules.leximin import Leximin
from mechanisms.training_rules.maximal_lottery import MaximalLottery
from mechanisms.training_rules.median import Median
from mechanisms.training_rules.nash_learning import NashLearning
from mechanisms.training_rules.nash_welfare import nash_welfare
from mechanisms.training_rules.opinion_pool import OpinionPool
from mechanisms.training_rules.pessimistic_median import PessimisticMedian
from mechanisms.training_rules.proportional_beta import ProportionalBeta
from mechanisms.training_rules.proportional_borda import ProportionalBorda
from mechanisms.training_rules.sampled_duple import sampled_duple
from mechanisms.training_rules.sink import Sink
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.training_rules.softmax_borda import softmax_borda
from mechanisms.training_rules.vote_share_duple import vote_share_duple
from mechanisms.training_rules.voting_by_issues import voting_by_issues

TRAINING_RULES: dict[str, Callable[..., TrainingRule]] = {
    "social_welfare": SocialWelfare,
    "nash_welfare": nash_welfare,
    "egalitarian": egalitarian,
    "leximin": Leximin,
    "generalized_mean": GeneralizedMean,
    "median": Median,
    "opinion_pool": OpinionPool,
    "softmax_borda": softmax_borda,
    "copeland": copeland,
    "nash_learning": NashLearning,
    "maximal_lottery": MaximalLottery,
    "proportional_beta": ProportionalBeta,
    "best_of_n_dictator": BestOfNDictator,
    "sampled_duple": sampled_duple,
    "vote_share_duple": vote_share_duple,
    "voting_by_issues": voting_by_issues,
    "proportional_borda": ProportionalBorda,
    "pessimistic_median": PessimisticMedian,
    "sink": Sink,
}
