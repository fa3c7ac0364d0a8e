"""One round of a game, everything about it."""

from __future__ import annotations

from typing import Any

import torch

from mechanisms.base import utility, valuations
from simulate.scenario import Scenario


def solve(scenario: Scenario) -> dict[str, Any]:
    """Policy, valuations, payments and utilities at the reports that the game spells out (replicate 0).

    ``valuation`` and ``utility`` are at the truth, weight included; ``objective`` is the training rule's at the
    truth, ``reported_objective`` at the reports; ``divergence`` is before beta.
    """
    reference, truth, reports = scenario.reference, scenario.truth, scenario.declared
    train = scenario.mechanism.train
    with torch.no_grad():
        outcome = scenario.mechanism(reference, reports)
        worth = valuations(reference, truth, outcome.policy)[0]
        utilities = utility(reference, truth, outcome)[0]
        objective = train.objective(reference, truth, outcome.policy)[0]
        best = train.value(reference, truth)[0]
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
        }
