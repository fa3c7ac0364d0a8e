"""Climb one's own utility at the reports that the others are about to move to, and move them."""

from __future__ import annotations

from dataclasses import dataclass

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.ascent import frequency
from strategies.base import Observation
from strategies.natural_step import stepped
from strategies.opponent_shaping import shaping_gradient
from strategies.options import require
from strategies.starts import begun, require_start
from strategies.streams import Streams


@dataclass(frozen=True)
class AnticipatingGradient:
    """x_i += rate * d/dx_i U_i(x_i, x_j + others * dU_j/dx_j (x_i, x_j) for all j), natural gradients, projected.

    LOLA (Foerster et al. 2018, section 4.2; the look-ahead itself, not its first-order expansion): the derivative
    goes through the others' anticipated naive step, so that i shapes it.  True valuations are not public, so each
    other agent is taken at its word: U_j is what its report says.  Where the truth is dominant no report of i moves
    an honest j, and this is plain gradient ascent.  Costs 2 n games for each own agent and round.
    ``start`` is truth, noisy or random.
    """

    rate: float = 0.1
    others: float = 0.1
    start: str = "truth"
    information = "full"
    promise = None

    def __post_init__(self) -> None:
        require(self.rate > 0, "rate", self.rate, "above 0")
        require(self.others >= 0, "others", self.others, "0 and above")
        require_start(self.start)

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Valuation:
        """The report to make next."""
        return begun(self.start, valuation, messages, rng)

    def report(self, valuation: Valuation, memory: Valuation, rng: Streams) -> Valuation:
        """Where the ascent stands."""
        return memory

    def update(self, valuation: Valuation, memory: Valuation, seen: Observation, rng: Streams) -> Valuation:
        """One step from the report made."""
        assert seen.market is not None
        reports, often = seen.market.reports, frequency(seen)

        def step(uphill: Valuation) -> Valuation:
            natural = Valuation(uphill.rewards / often, uphill.weights)
            return stepped(reports, natural, self.others, reports, seen.messages)

        uphill = shaping_gradient(valuation, seen.market, step)
        natural = Valuation(uphill.rewards / often, uphill.weights)
        return stepped(seen.report, natural, self.rate, valuation, seen.messages)
