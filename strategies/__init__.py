"""Catalogue of strategies: own valuation and own memory in, a report out."""

from collections.abc import Callable

from strategies.anticipating_gradient import AnticipatingGradient
from strategies.base import Strategy
from strategies.bayesian_optimisation import BayesianOptimisation
from strategies.best_response import BestResponse
from strategies.blend import Blend
from strategies.coalition import Coalition
from strategies.cross_entropy import CrossEntropy
from strategies.epsilon_greedy import EpsilonGreedy
from strategies.exp3 import Exp3
from strategies.exp3_p import Exp3P
from strategies.extra_gradient import ExtraGradient
from strategies.false_name import FalseName
from strategies.fictitious_play import FictitiousPlay
from strategies.free_rider import FreeRider
from strategies.gradient_ascent import GradientAscent
from strategies.grim_trigger import GrimTrigger
from strategies.hedge import Hedge
from strategies.imitate_best import ImitateBest
from strategies.internal_regret_matching import InternalRegretMatching
from strategies.noisy import Noisy
from strategies.online_gradient import OnlineGradient
from strategies.optimistic_hedge import OptimisticHedge
from strategies.overstate import Overstate
from strategies.policy_gradient import PolicyGradient
from strategies.q_learning import QLearning
from strategies.random import Random
from strategies.regret_matching import RegretMatching
from strategies.regret_matching_plus import RegretMatchingPlus
from strategies.sharpen import Sharpen
from strategies.size_inflater import SizeInflater
from strategies.smooth_fictitious_play import SmoothFictitiousPlay
from strategies.thompson import Thompson
from strategies.tit_for_tat import TitForTat
from strategies.truthful import Truthful
from strategies.ucb import Ucb

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    "truthful": Truthful,
    "overstate": Overstate,
    "blend": Blend,
    "sharpen": Sharpen,
    "noisy": Noisy,
    "random": Random,
    "best_response": BestResponse,
    "gradient_ascent": GradientAscent,
    "online_gradient": OnlineGradient,
    "extra_gradient": ExtraGradient,
    "anticipating_gradient": AnticipatingGradient,
    "hedge": Hedge,
    "optimistic_hedge": OptimisticHedge,
    "regret_matching": RegretMatching,
    "regret_matching_plus": RegretMatchingPlus,
    "internal_regret_matching": InternalRegretMatching,
    "fictitious_play": FictitiousPlay,
    "smooth_fictitious_play": SmoothFictitiousPlay,
    "exp3": Exp3,
    "exp3_p": Exp3P,
    "ucb": Ucb,
    "thompson": Thompson,
    "epsilon_greedy": EpsilonGreedy,
    "q_learning": QLearning,
    "policy_gradient": PolicyGradient,
    "cross_entropy": CrossEntropy,
    "bayesian_optimisation": BayesianOptimisation,
    "imitate_best": ImitateBest,
    "size_inflater": SizeInflater,
    "free_rider": FreeRider,
    "tit_for_tat": TitForTat,
    "grim_trigger": GrimTrigger,
    "coalition": Coalition,
    "false_name": FalseName,
}
