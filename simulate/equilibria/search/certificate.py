"""How far reports are from an equilibrium of all reports: the best lie that anybody could find anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import torch

from mechanisms.axioms.base import Effort
from mechanisms.base import Mechanism
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.empirical.best_reply import Played, Reply, best_reply
from simulate.empirical.normal_form import Array, Profile

RARE = 1e-12  # what is played less often than this changes no expectation of float64
QUICK = Effort(fresh=256, climbers=4, steps=16, jumps=8)  # while looking for the next reply
THOROUGH = Effort(fresh=4096, climbers=12, steps=40, jumps=32)  # before an equilibrium is certified
RESEARCHES = 3  # thorough searches, each from its own random starts


@dataclass(frozen=True)
class Market:
    """What a search needs to know: one game, its truth, and what may be said."""

    mechanism: Mechanism
    reference: Reference
    truth: Valuation  # [n, P, K]
    messages: MessageSpace


@dataclass(frozen=True)
class Certificate:
    """The largest gain that any report found would bring each player, and how many reports were tried for each."""

    gains: Array  # [n]; a lower bound of the true ones, by a search described in `simulate.empirical.best_reply`
    tried: int

    @property
    def epsilon(self) -> float:
        """Play is an epsilon-equilibrium of the whole report space, as far as the search could see."""
        return max(0.0, float(self.gains.max()))


def played_against(menus: Sequence[Valuation], profile: Profile, agent: int) -> Played:
    """The reports that ``agent`` meets: every combination of what the others play, with its probability."""
    supports = [[0] if j == agent else np.flatnonzero(x > RARE).tolist() for j, x in enumerate(profile)]
    cells = torch.tensor(list(product(*supports)))
    shares = torch.ones(len(cells), dtype=menus[0].weights.dtype)
    for j, mixture in enumerate(profile):
        if j != agent:
            shares = shares * torch.from_numpy(mixture).to(shares)[cells[:, j]]
    rewards = torch.stack([menu.rewards[cells[:, j]] for j, menu in enumerate(menus)], 1)
    weights = torch.stack([menu.weights[cells[:, j]] for j, menu in enumerate(menus)], 1)
    return Played(Valuation(rewards, weights), (shares / shares.sum()).to(weights))


def replies(
    market: Market, menus: Sequence[Valuation], profile: Profile, seed: int, effort: Effort = QUICK
) -> list[Reply]:
    """Everybody's best report against what the others play."""
    return [
        best_reply(
            market.mechanism, market.reference, market.truth, market.messages,
            played_against(menus, profile, agent), agent, seed, effort,
        )
        for agent in range(len(menus))
    ]  # fmt: skip


def certified(
    market: Market, menus: Sequence[Valuation], profile: Profile, utilities: Array, seed: int
) -> tuple[Certificate, list[Reply]]:
    """The best of several thorough searches from fresh random starts, for everybody."""
    best: list[Reply] = []
    tried = 0
    for again in range(RESEARCHES):
        found = replies(market, menus, profile, seed + again, THOROUGH)
        tried += max(reply.tried for reply in found)
        best = [max(pair, key=lambda r: r.utility) for pair in zip(best or found, found, strict=True)]
    gains = np.array([reply.utility for reply in best]) - utilities
    return Certificate(gains, tried), best
