"""One round of a game, everything about it."""

from __future__ import annotations

from typing import Any

import torch

from mechanisms.base import utility, valuations
from simulate.honesty import optimality_gap
from simulate.scenario import Scenario


def solve(scenario: Scenario) -> dict[str, Any]:
    """Policy, valuations, payments and utilities at the reports that the game spells out (replicate 0).

    ``valuation`` and ``utility`` are at the truth, weight included; ``objective`` is the training rule's at the
    truth, ``reported_objective`` at the reports; ``divergence`` is before beta.  ``optimality_gap`` is what
    the fine-tune on the reports lacks of the best one, ``incentive_gap`` what one on the truth would: the most that a
    lie can gain if payments are externalities; both None for rules that have no best.
    """
    reference, truth, reports = scenario.reference, scenario.truth, scenario.declared
    train = scenario.mechanism.train
    with torch.no_grad():
        outcome = scenario.mechanism(reference, reports)
        worth = valuations(reference, truth, outcome.policy)[0]
        utilities = utility(reference, truth, outcome)[0]
        objective = train.objective(reference, truth, outcome.policy)[0]
        gap, at_truth = (optimality_gap(train, reference, profile)[0] for profile in (reports, truth))
        best = train.value(reference, truth)[0] + at_truth.nan_to_num(0.0)
        return {
            "policy": outcome.policy[0].tolist(),
            "agents": [
                {"name": name, "valuation": v.item(), "payment": p.item(), "utility": u.item()}
                for name, v, p, u in zip(scenario.names, worth, outcome.payments[0], utilities, strict=True)
            ],
            "social_welfare": worth.sum().item(),
            "objective": objective.item(),
            "reported_objective": train.objective(reference, reports, outcome.policy)[0].item(),
            "divergence": train.divergence(reference, outcome.policy)[0].item(),
            "revenue": outcome.payments[0].sum().item(),
            "welfare_loss": (best - objective).item(),
            "optimality_gap": _number(gap),
            "incentive_gap": _number(at_truth),
        }


def _number(value: torch.Tensor) -> float | None:
    return value.item() if value == value else None
