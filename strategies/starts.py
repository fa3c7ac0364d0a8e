"""Where a learner that moves from report to report begins."""

from mechanisms.messages.base import MessageSpace
from mechanisms.named import unknown
from mechanisms.valuation import Valuation
from strategies.base import Strategy
from strategies.noisy import Noisy
from strategies.random import Random
from strategies.streams import Streams
from strategies.truthful import Truthful

STARTS: dict[str, Strategy] = {"truth": Truthful(), "noisy": Noisy(scale=0.3), "random": Random()}


def require_start(name: str) -> None:
    """Raises ValueError for a start that is not listed."""
    if name not in STARTS:
        raise ValueError(f"start: {unknown('start', str(name), STARTS)}")


def begun(name: str, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Valuation:
    """The first report: the truth, the truth with errors of 0.3, or anything at all."""
    return STARTS[name].report(valuation, messages, rng)
