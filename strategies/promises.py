"""What learners promise about their regret, as data that tests read."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Promise:
    """Average regret over T rounds and M lies is at most ``bound(T, M)``, in units of the range of utilities.

    External regret compares with the best single lie, swap regret with the best lie in place of each lie.  The range
    is that of all lies' utilities; who sees only the utilities of the lies told must have met it before the bound
    starts to count.

    >>> ADA_HEDGE.bound(100, 6) > ADA_HEDGE.bound(400, 6) > 0
    True
    """

    kind: Literal["no_external_regret", "no_swap_regret"]
    adversary: Literal["adaptive", "oblivious", "stochastic"]  # who may choose the utilities
    holds: Literal["surely", "with high probability", "in expectation"]  # surely: of the mixtures that are played from
    order: str  # of the bound, for readers
    bound: Callable[[int, int], float]  # rounds T, lies M -> average regret
    source: str


def _sure(order: str, bound: Callable[[int, int], float], source: str) -> Promise:
    return Promise("no_external_regret", "adaptive", "surely", order, bound, source)


# Tuned by log M / gap, the gap stays under sqrt(T log M) / 2 + 1, and regret is at most twice the gap.
ADA_HEDGE = _sure(
    "sqrt(log M / T)",
    lambda T, M: math.sqrt(math.log(M) / T) + 2 / T,
    "de Rooij, van Erven, Gruenwald and Koolen (2014), section 2, with Hoeffding's bound on each round's gap",
)
# The same with the change of the utilities, which ranges over twice their range, in place of the utilities.
OPTIMISTIC_HEDGE = _sure(
    "sqrt(log M / T)",
    lambda T, M: 2 * math.sqrt(math.log(M) / T) + 4 / T,
    "Rakhlin and Sridharan (2013), tuned as by de Rooij et al. (2014)",
)
# Regrets never point where they already do, so their square grows by at most the M - 1 that one round can add.
REGRET_MATCHING = _sure(
    "sqrt(M / T)",
    lambda T, M: math.sqrt((M - 1) / T),
    "Hart and Mas-Colell (2000), section 4; Cesa-Bianchi and Lugosi (2006), Corollary 2.1 with p = 2",
)
REGRET_MATCHING_PLUS = _sure(
    "sqrt(M / T)",
    lambda T, M: math.sqrt((M - 1) / T),
    "Tammelin, Burch, Johanson and Bowling (2015)",
)
# 1 / sqrt(8) from the entropy, sqrt(2) from Hoeffding on a range that may double, 2 for ranges that more than double.
SMOOTH_FICTITIOUS_PLAY = _sure(
    "sqrt(log M / T)",
    lambda T, M: (8**-0.5 + 2**0.5) * math.sqrt(math.log(M) / T) + 2 / T,
    "Fudenberg and Levine (1995); Cesa-Bianchi and Lugosi (2006), Theorem 2.3, with the range learned",
)
# The same for pairs of lies; then Cauchy and Schwarz over the M lies that might be replaced.
INTERNAL_REGRET_MATCHING = Promise(
    "no_swap_regret",
    "adaptive",
    "surely",
    "M / sqrt(T)",
    lambda T, M: math.sqrt(M * (M - 1) / T),
    "Hart and Mas-Colell (2000); Cesa-Bianchi and Lugosi (2006), section 4.4",
)
EXP3 = Promise(
    "no_external_regret",
    "oblivious",
    "in expectation",
    "sqrt(M log M / T)",
    lambda T, M: 2 * math.sqrt(M * math.log(M) / T),
    "Bubeck and Cesa-Bianchi (2012), Theorem 3.1",
)
# Auer's sum over lies, at gaps of sqrt(8 M log T / T), below which a lie costs less than the gap in every round.
UCB1 = Promise(
    "no_external_regret",
    "stochastic",
    "in expectation",
    "sqrt(M log T / T)",
    lambda T, M: math.sqrt(32 * M * math.log(T) / T) + (1 + math.pi**2 / 3) * M / T,
    "Auer, Cesa-Bianchi and Fischer (2002), Theorem 1",
)
THOMPSON = Promise(
    "no_external_regret",
    "stochastic",
    "in expectation",
    "sqrt(M log M / T)",
    lambda T, M: math.sqrt(M * math.log(M) / (2 * T)),
    "Russo and Van Roy (2016); Lattimore and Szepesvari (2020), Theorem 36.7: the mean over lies drawn from the prior",
)
