"""Members who agree on the lies that bring them the most together, and share it."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.ascent import climbed, together, winner
from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.ascent import frequency
from strategies.base import Observation
from strategies.joint import joint_utilities, pooled, repeated
from strategies.menus import MENUS
from strategies.streams import Streams

FACTORS = (1.0, 2.0, 4.0, 8.0)  # of the members' weights, all speaking with one voice
GAIN = 1e-9  # a joint lie must beat the joint truth by this much, in units of utility: rounding is far smaller


@dataclass(frozen=True)
class Coalition:
    """argmax over joint reports of the sum of the members' utilities, the others' last reports fixed.

    Searched by projected gradient ascent from the joint truth, the last reports, everybody overstating, everybody
    polarising, and everybody saying what the members want on average; the joint truth is kept unless beaten.
    Members settle up among themselves, where no mechanism sees it.  Affine-maximizer payments make the truth dominant
    for one agent and not for two, since one's lie lowers the other's bill (Green and Laffont 1979, "On coalition
    incentive compatibility"); each alone would still do no worse by its truth.
    """

    steps: int = 15
    rate: float = 0.5
    information = "full"
    promise = None

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Valuation:
        """The reports to make next: the truth."""
        return valuation

    def report(self, valuation: Valuation, memory: Valuation, rng: Streams) -> Valuation:
        """What was agreed."""
        return memory

    def update(self, valuation: Valuation, memory: Valuation, seen: Observation, rng: Streams) -> Valuation:
        """Agree again, the others having moved."""
        assert seen.market is not None
        market, honest, last = seen.market, repeated(valuation, 1), repeated(seen.report, 1)

        def worth(lies: Valuation) -> Tensor:
            return joint_utilities(market, valuation, lies).sum(-1)

        starts = together(together(honest, last), structured(valuation, seen.messages))
        best, record = climbed(worth, starts, seen.messages, self.steps, self.rate, frequency(seen))
        agreed, _ = winner(together(honest, best), torch.cat([worth(honest) + GAIN, record]))
        return Valuation(agreed.rewards[0], agreed.weights[0])


def structured(valuation: Valuation, messages: MessageSpace) -> Valuation:
    """Joint lies ``[M, B, m, P, K]`` in which every member does the same: overstates, polarises, or speaks for all."""
    menus = [MENUS[name](valuation, messages) for name in ("overstate", "polarise")]
    factors = valuation.weights.new_tensor(FACTORS)[:, None, None]
    menus.append(messages.project(Valuation(pooled(valuation).rewards[None], factors * valuation.weights)))
    shape = valuation.rewards.shape
    rewards = [menu.rewards.expand(menu.weights.shape[0], *shape) for menu in menus]
    return Valuation(torch.cat(rewards), torch.cat([menu.weights for menu in menus]))
