"""The random games that the experiments are played in: every game and every group has a stream of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from mechanisms.axioms.base import Effort
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism, PaymentRule, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.fine_tuners.base import FineTuner
from mechanisms.messages import MESSAGES
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import EVERYONE, Valuation
from simulate.audit.misreports import misreports
from simulate.draws import REFERENCE_STREAM, TRUTH_STREAM, stream

AGENTS, RESPONSES = 4, 10
WEIGHTS = (0.5, 1.5)
MAX_WEIGHT = 10.0
SEARCH = Effort(fresh=32, climbers=4, steps=8, jumps=3)  # for each game and group; lies in hand come first
RANDOM_LIES = 12
ROUNDING = 1e-12  # of utilities of a few units; the smallest gain that is meant is some 1e-8
SETTING = (
    f"{AGENTS} groups, {RESPONSES} responses, a reference drawn uniformly from all distributions, rewards uniform and "
    f"scaled to a maximum of 1, weights uniform on [{WEIGHTS[0]:g}, {WEIGHTS[1]:g}], reports of weight up to "
    f"{MAX_WEIGHT:g}"
)


@dataclass(frozen=True)
class Games:
    """B games of one prompt."""

    reference: Reference  # [B, 1, K]
    truth: Valuation  # [B, n, 1, K], [B, n]
    messages: MessageSpace
    seed: int

    def rng(self) -> torch.Generator:
        """A fresh stream for a search: what it tries does not depend on which searches went before."""
        return torch.Generator().manual_seed(self.seed)


def drawn(seed: int, games: int, agents: int = AGENTS, responses: int = RESPONSES) -> Games:
    """The first ``games`` games of a seed."""
    reference = np.stack([stream(seed, g, REFERENCE_STREAM).dirichlet(np.ones(responses)) for g in range(games)])
    uniform = np.stack([[_group(seed, g, i, responses) for i in range(agents)] for g in range(games)])
    rewards, weights = torch.from_numpy(uniform[..., None, :-1]), torch.from_numpy(uniform[..., -1])
    messages = MessageSpace("max_one", MESSAGES["max_one"], torch.ones(1, responses, dtype=torch.bool), MAX_WEIGHT)
    low, high = WEIGHTS
    truth = messages.project(Valuation(rewards, low + (high - low) * weights))
    return Games(Reference.of(torch.from_numpy(reference)[:, None]), truth, messages, seed)


def _group(seed: int, game: int, agent: int, responses: int) -> np.ndarray:
    """Rewards and a weight, all on [0, 1)."""
    return stream(seed, game, TRUTH_STREAM, agent).random(responses + 1)


def welfare_mechanism(tuner: FineTuner, pay: PaymentRule) -> Mechanism:
    """Social welfare, trained by ``tuner`` and paid by ``pay``."""
    return Mechanism(SocialWelfare(tuner), pay)


def incentive_gap(mechanism: Mechanism, games: Games, effort: Effort = SEARCH) -> Tensor:
    """The most that one group gains by the best lie found, the others truthful, at least 0: ``[B]``.

    Lies in hand (all menus, extremes, noise) and fresh ones first, then uphill, then by jumps; a lower bound.
    """
    reference, truth = games.reference, games.truth
    with torch.no_grad():
        outcome = mechanism(reference, truth)
        honest = utility(reference, truth, outcome).movedim(-1, 0)
    gain = _gain(mechanism, games, honest)
    lies = misreports(truth, games.messages, RANDOM_LIES, games.rng())
    _, found, _ = worst_report(gain, lies, games.messages, effort, games.rng(), outcome.policy)
    return largest(found)


def largest(found: Tensor) -> Tensor:
    """The largest gain over groups, and 0 where it is rounding: ``[n, B] -> [B]``."""
    most = found.amax(0)
    return torch.where(most > ROUNDING, most, 0.0)


def _gain(mechanism: Mechanism, games: Games, honest: Tensor) -> Callable[[Valuation], Tensor]:
    """Lies ``[M, n, B, P, K]`` -> what they add ``[M, n, B]``."""

    def gain(lies: Valuation) -> Tensor:
        return deviation_utilities(mechanism, games.reference, games.truth, games.truth, EVERYONE, lies) - honest

    return gain
