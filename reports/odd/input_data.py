"""Input data: what comes from outside, and whether it changes during play."""

from __future__ import annotations

from mechanisms.language_models.enumerable import ENUMERABLE, spelled
from mechanisms.named import name_of
from reports.docstrings import opening, title
from reports.odd.statement import Statement, distinct, gap, in_code
from reports.provenance import pool_sentence
from reports.study import Study
from simulate.config import Config
from simulate.pools.rewards import REWARDS


def input_data(study: Study) -> list[Statement]:
    """Nothing is read during play; pools, language models and reward models are read before it."""
    config = study.games[0].config
    during = Statement("during play", "None: no time series drives the model.", "code")
    return [during, *_responses(config), *_reward_models(config), *_numbers(config)]


def _responses(config: Config) -> list[Statement]:
    given = config.reference
    if (sentence := pool_sentence(config)) is not None:
        return [Statement("pool", sentence, "file"), gap("licence", "under which terms the pool's texts may be used")]
    if isinstance(given, dict) and "language_model" in given:
        name = given["language_model"]
        if name == ENUMERABLE:
            return [in_code("language model", title(spelled), lacking=f"what the language model {name} is")]
        return [gap("language model", f"who trained {name}, on what, and under which licence it may be used")]
    if isinstance(given, dict) and "responses" in given:
        return [gap("texts", "who wrote the responses in the file, and how they were chosen")]
    return []


def _reward_models(config: Config) -> list[Statement]:
    given = [
        agent.rewards["reward"]
        for agent in config.agents
        if isinstance(agent.rewards, dict) and "reward" in agent.rewards
    ]
    names = distinct(name_of(spec) for spec in given if isinstance(spec, str) or isinstance(spec.get("name"), str))
    return [
        in_code(f"reward model {name}", *_said(REWARDS.get(name)), lacking=f"what the reward model {name} rewards")
        for name in names
    ]


def _said(entry: object) -> list[str]:
    return [] if entry is None else [title(entry), opening(entry)]


def _numbers(config: Config) -> list[Statement]:
    if any(isinstance(agent.rewards, list) for agent in config.agents):
        return [gap("true rewards", "from which people or data the rewards in the file come, or that they are made up")]
    return []
