"""Entities, state variables and scales."""

from __future__ import annotations

from mechanisms.messages import MESSAGES
from mechanisms.named import name_of
from reports.docstrings import opening, title
from reports.odd.statement import Statement, in_code
from reports.references import reference_words
from reports.study import Study
from reports.text import agreed, counted
from reports.wants import calls, wants, weighs
from simulate.config import Config
from simulate.metrics.base import SETTLED_SHARE

MOST = 12  # entries of the file that are listed one by one


def entities(study: Study) -> list[Statement]:
    """The provider, the agents, what may be answered; a round, a replicate, units."""
    config = study.games[0].config
    plays = agreed(f"{len(game.history):,}" for game in study.games)
    return [
        Statement("provider", _provider(study), "file"),
        Statement("agents", _agents(config), "file"),
        Statement(
            "agents' state",
            "True rewards of every response, a true weight (the size of the group), a strategy "
            f"and its memory. {_wander(config)}",
            "file",
        ),
        Statement("responses", f"{_capital(reference_words(config))}. {_drift(config)}", "file"),
        _messages(config),
        Statement(
            "time",
            f"A step is a round; there are {plays} in every replicate, and nothing has a duration. Settled play is the "
            f"last 1/{SETTLED_SHARE} of them.",
            "file",
        ),
        Statement("space", "None: agents meet in the one policy and in the bills.", "code"),
        Statement("units", _units(study), "file"),
    ]


def _units(study: Study) -> str:
    beta = agreed(f"{game.recipe.beta:g}" for game in study.games)
    return (
        "Valuations, payments, utilities and welfare are in units of weight times reward; a unit of divergence costs "
        f"beta = {beta} of them."
    )


def _provider(study: Study) -> str:
    kept = [game.name for game in study.games if game.recipe.repeated is not None]
    memory = f" What it carries over under {', '.join(kept)} is among the submodels." if kept else ""
    return f"One, who announces a mechanism, trains and charges; its state is the policy that it deploys.{memory}"


def _agents(config: Config) -> str:
    total = sum(agent.count for agent in config.agents)
    listed = [
        f"{calls(agent, i)}: weight {weighs(agent)}, {wants(agent)}, strategy {name_of(agent.strategy)}"
        for i, agent in enumerate(config.agents[:MOST])
    ]
    more = f"; and {counted(len(config.agents) - MOST, 'kind')} more" if len(config.agents) > MOST else ""
    return f"{counted(total, 'agent')}. {_capital('; '.join(listed))}{more}."


def _wander(config: Config) -> str:
    walking = [calls(agent, i) for i, agent in enumerate(config.agents) if agent.wander > 0]
    if not walking:
        return "Truths do not change during play."
    return f"The true rewards of {', '.join(walking)} take a random step every round."


def _drift(config: Config) -> str:
    return "Each round's policy is the next round's reference." if config.drift else "Every round starts from it."


def _messages(config: Config) -> Statement:
    space = config.messages
    limit = "any weight" if space.max_weight is None else f"a weight of at most {space.max_weight:g}"
    whole = ", in integers" if space.integer_weights else ""
    if not isinstance(space.rewards, str):
        features = counted(len(space.rewards.basis), "shared feature")
        return Statement("reports", f"Rewards that are linear in {features}, and {limit}{whole}.", "file")
    entry = MESSAGES[space.rewards]
    words = [title(entry), opening(entry)]
    weights = [f"With {limit}{whole}"] if any(words) else []
    return in_code("reports", *words, *weights, lacking=f"what the message space {space.rewards} allows")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
