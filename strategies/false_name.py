"""One agent under several names: split the report, and the bill shrinks."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from mechanisms.ascent import together, winner
from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.joint import joint_utilities, pooled, repeated
from strategies.streams import Streams

FACTORS = (0.5, 1.0, 2.0, 4.0)  # of the true weight, said by all names together
GAIN = 1e-9  # false names must beat the true one by this much, in units of utility: rounding is far smaller


@dataclass(frozen=True)
class FalseName:
    """k names report the true rewards, each under weight w / k, c w / k or w; the best of all k and c is played.

    The population is one agent: its members of weight 0 are aliases, its utility is the sum of theirs (one
    valuation, all the payments).  To split a report without changing the total leaves an affine maximizer's policy
    as it is and never raises the bill, since the best objective V is convex in the total T:
    k V(T - t/k) <= (k - 1) V(T) + V(T - t).  So truth is dominant for every name, and not for who has several
    (Yokoo, Sakurai and Matsubara 2004, "The effect of false-name bids in combinatorial auctions").
    """

    information = "full"
    promise = None

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Valuation:
        """The reports to make next: the truth, under one's own name."""
        return valuation

    def report(self, valuation: Valuation, memory: Valuation, rng: Streams) -> Valuation:
        """What was found best."""
        return memory

    def update(self, valuation: Valuation, memory: Valuation, seen: Observation, rng: Streams) -> Valuation:
        """Try every split against the others' last reports."""
        assert seen.market is not None
        tries = together(repeated(valuation, 1), splits(valuation, seen.messages))
        found = joint_utilities(seen.market, valuation, tries).sum(-1)
        best, _ = winner(tries, torch.cat([found[:1] + GAIN, found[1:]]))
        return Valuation(best.rewards[0], best.weights[0])


def splits(valuation: Valuation, messages: MessageSpace) -> Valuation:
    """``[M, B, m, P, K]``: k = 1 .. m names with the rewards of all members' pooled valuation, the heaviest first."""
    whole, names = pooled(valuation), valuation.weights.shape[-1]
    place = valuation.weights.argsort(stable=True, dim=-1, descending=True).argsort(-1)  # 0 is the true name
    shares = [
        (place < k) * (factor * whole.weights / k) for k in range(1, names + 1) for factor in (*FACTORS, float(k))
    ]
    weights = torch.stack(shares)
    return messages.project(Valuation(whole.rewards.expand(len(shares), *valuation.rewards.shape), weights))
