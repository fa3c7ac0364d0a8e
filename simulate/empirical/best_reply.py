"""The best report anywhere against what the others play: the oracle that menus are judged by.

Others may mix: what they play is S profiles of reports with shares that sum to one.  The search tries every structured
lie and thousands of random ones, climbs from the best of them and jumps around what it finds; what it returns is a
lower bound of the best gain, and how many reports were tried goes with it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.axioms.base import Effort, of_present
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism
from mechanisms.deviation import deviation_utilities
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.audit.misreports import misreports

RANDOM = 64  # random misreports among those that the search begins with


@dataclass(frozen=True)
class Played:
    """What everybody reports, and how often."""

    reports: Valuation  # [S, n, P, K]
    shares: Tensor  # [S], sum to one


@dataclass(frozen=True)
class Reply:
    """The best report found, and what it brings."""

    report: Valuation  # [P, K], []
    utility: float
    tried: int


def worth(
    mechanism: Mechanism, reference: Reference, truth: Valuation, played: Played, agent: int, lies: Valuation
) -> Tensor:
    """E[u_agent(lie, others)] with the others as played: lies ``[M, P, K]``, ``[M]`` -> ``[M]``."""
    who = torch.tensor([agent], device=truth.weights.device)
    front = Valuation(lies.rewards[:, None, None], lies.weights[:, None, None].expand(-1, 1, len(played.shares)))
    reached = deviation_utilities(mechanism, reference, truth, played.reports, who, front)
    return reached[:, 0] @ played.shares


def best_reply(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    messages: MessageSpace,
    played: Played,
    agent: int,
    seed: int = 0,
    effort: Effort | None = None,
) -> Reply:
    """The report of ``agent`` that pays most against ``played``; truth ``[n, P, K]``.

    Who is present stays present: the search does not consider weight 0, `participation` does.
    """
    rng = torch.Generator().manual_seed(seed)
    present = of_present(messages)
    lies = misreports(Valuation(truth.rewards[None], truth.weights[None]), present, RANDOM, rng)  # [M, n, 1, P, K]
    mine = Valuation(lies.rewards[:, agent], lies.weights[:, agent])  # [M, 1, P, K]

    def brings(reports: Valuation) -> Tensor:
        flat = Valuation(reports.rewards[:, 0], reports.weights[:, 0])
        return worth(mechanism, reference, truth, played, agent, flat)[:, None]

    policy = mechanism.train(reference, truth)
    best, found, tried = worst_report(brings, mine, present, effort or Effort(), rng, policy)
    return Reply(Valuation(best.rewards[0, 0], best.weights[0, 0]), float(found[0]), tried)
