"""Catalogue of strategies: own valuation and own memory in, a report out."""

from collections.abc import Callable

from strategies.base import Strategy
from strategies.best_response import BestResponse
from strategies.blend import Blend
from strategies.epsilon_greedy import EpsilonGreedy
from strategies.exp3 import Exp3
from strategies.gradient_ascent import GradientAscent
from strategies.hedge import Hedge
from strategies.imitate_best import ImitateBest
from strategies.noisy import Noisy
from strategies.overstate import Overstate
from strategies.random import Random
from strategies.sharpen import Sharpen
from strategies.truthful import Truthful

STRATEGIES: dict[str, Callable[..., Strategy]] = {
    "truthful": Truthful,
    "overstate": Overstate,
    "blend": Blend,
    "sharpen": Sharpen,
    "noisy": Noisy,
    "random": Random,
    "best_response": BestResponse,
    "gradient_ascent": GradientAscent,
    "hedge": Hedge,
    "exp3": Exp3,
    "epsilon_greedy": EpsilonGreedy,
    "imitate_best": ImitateBest,
}
