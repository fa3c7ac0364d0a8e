"""What was played: the keys of the scenario, once where all games agree."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from reports.games import Game
from reports.named import spelled
from reports.references import reference_words
from reports.study import Study
from reports.tables.agents import strategies
from reports.text import agreed
from reports.wants import calls, wants, weighs
from simulate.config import Config

MOST_ENTRIES = 12  # agents listed by name; more are counted


def settings(study: Study) -> list[tuple[str, str]]:
    """``(key, value)``; values that differ between the games are all given, in the order of the verdict."""
    return [(key, agreed(of(game) for game in study.games)) for key, of in _SHOWN.items()]


def rules(study: Study) -> list[tuple[str, str, str, str]]:
    """``(mechanism, training rule, payment rule, the catalogue's line)``."""
    return [
        (game.name, spelled(game.recipe.training), spelled(game.recipe.payment), game.summary or "not in the catalogue")
        for game in study.games
    ]


def _agents(config: Config) -> str:
    total = sum(agent.count for agent in config.agents)
    if len(config.agents) > MOST_ENTRIES:
        return f"{total:,}"
    names = [
        f"{calls(agent, i)} (weight {weighs(agent)}, {wants(agent)}, {spelled(agent.strategy)})"
        for i, agent in enumerate(config.agents)
    ]
    return f"{total:,}: {'; '.join(names)}"


def _messages(config: Config) -> str:
    space = config.messages
    rewards = space.rewards if isinstance(space.rewards, str) else f"linear in {len(space.rewards.basis)} features"
    limit = "unbounded weights" if space.max_weight is None else f"weights up to {space.max_weight:g}"
    return f"rewards {rewards}, {limit}{', integer weights' if space.integer_weights else ''}"


_SHOWN: dict[str, Callable[[Game], str]] = {
    "scenario": lambda game: game.config.name,
    "reference": lambda game: reference_words(game.config),
    "agents": lambda game: _agents(game.config),
    "strategies": lambda game: ", ".join(f"{name} ({n:,})" for name, n in Counter(strategies(game.config)).items()),
    "messages": lambda game: _messages(game.config),
    "information": lambda game: game.config.information,
    "rounds": lambda game: f"{game.config.rounds:,}",
    "replicates": lambda game: f"{len(game.history.replicates):,}",
    "seed": lambda game: str(game.config.seed),
    "divergence": lambda game: spelled(game.recipe.divergence),
    "beta": lambda game: f"{game.recipe.beta:g}",
    "fine-tuner": lambda game: spelled(game.recipe.fine_tuner),
    "reference drifts": lambda game: "yes" if game.config.drift else "no",
}
