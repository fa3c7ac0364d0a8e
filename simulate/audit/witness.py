"""A witness as a game file: `trueward solve` takes it as it is."""

from __future__ import annotations

from typing import Any

import torch

from mechanisms.axioms.base import Witness
from simulate.config import expanded
from simulate.scenario import MEMBER_TOLERANCE, Scenario


def game_file(scenario: Scenario, witness: Witness, gain: float) -> dict[str, Any]:
    """``{"agent", "gain", "game"}``; with ``agents`` where several lie, and ``types`` where they make a cycle."""
    names = _names(scenario, len(witness.truth.weights))
    found: dict[str, Any] = {"agent": names[witness.agents[0]], "gain": gain, "game": _game(scenario, witness, names)}
    if len(witness.agents) > 1:
        found["agents"] = [names[agent] for agent in witness.agents]
    if witness.types is not None:
        found["types"] = [
            {"rewards": rewards.tolist(), "weight": float(weight)}
            for rewards, weight in zip(witness.types.rewards, witness.types.weights, strict=True)
        ]
    return found


def _names(scenario: Scenario, count: int) -> list[str]:
    """The scenario's names, and a second name for the agent who takes part twice."""
    extra = "second-name"
    while extra in scenario.names:
        extra += "-2"
    return [*scenario.names, extra][:count]


def _game(scenario: Scenario, witness: Witness, names: list[str]) -> dict[str, Any]:
    config = scenario.config.model_dump(mode="json")
    agents = []
    for i, name in enumerate(names):
        truth = (witness.truth.rewards[i], witness.truth.weights[i])
        agent: dict[str, Any] = {"name": name, "rewards": truth[0].tolist(), "weight": float(truth[1])}
        told = (witness.reports.rewards[i], witness.reports.weights[i])
        if not (torch.equal(told[0], truth[0]) and torch.equal(told[1], truth[1])):
            agent["report"] = {"rewards": told[0].tolist(), "weight": float(told[1])}
        agents.append(agent)
    return {
        "reference": scenario.reference.policy.tolist(),
        "prompt_weights": scenario.reference.prompt_weights.tolist(),
        "agents": agents,
        "messages": config["messages"] if _allowed(scenario, witness) else {"rewards": "free"},
        "mechanism": expanded(config["mechanism"]),
    }


def _allowed(scenario: Scenario, witness: Witness) -> bool:
    """Strangers of the common prior need not be in the message space of those who play."""
    outside = torch.cat([scenario.messages.violation(said) for said in (witness.truth, witness.reports)])
    return float(outside.max()) <= MEMBER_TOLERANCE
