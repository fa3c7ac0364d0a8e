"""What agents want, how large they are and how they play, in the words of the scenario file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.named import spelled
from simulate.config import AgentConfig


def wants(agent: AgentConfig) -> str:
    """Where its true rewards come from.

    >>> wants(AgentConfig(rewards={"reward": {"name": "letters", "characters": "ab"}}))
    'the reward model letters (characters ab)'
    """
    given = agent.rewards
    if isinstance(given, list):
        return "rewards given as numbers"
    if "random" in given:
        return f"rewards drawn {_between(given['random'])}"
    if "model" in given:
        return f"the pool's reward model {given['model']}"
    return f"the reward model {_model(given.get('reward'))}"


def weighs(agent: AgentConfig) -> str:
    """Its true weight."""
    if isinstance(agent.weight, dict):
        return f"drawn {_between(agent.weight.get('random'))}"
    return f"{agent.weight:g}"


def _model(given: Any) -> str:
    named = isinstance(given, str) or (isinstance(given, Mapping) and "name" in given)
    return spelled(given) if named else "of the file"


def _between(given: Any) -> str:
    options = given if isinstance(given, Mapping) else {}
    kind = "integers" if options.get("integer") else "numbers"
    return f"uniformly: {kind} from {options.get('low', 0.0):g} to {options.get('high', 1.0):g}"


def calls(agent: AgentConfig, position: int) -> str:
    """The name, or the one that the market gives it; how many there are of it."""
    many = f" x {agent.count:,}" if agent.count > 1 else ""
    return f"{agent.name or f'agent-{position + 1}'}{many}"
