"""Initialization: how the first round is made."""

from __future__ import annotations

from mechanisms.named import made
from reports.odd.statement import Statement, gap
from reports.study import Study
from reports.text import agreed, counted
from reports.wants import calls
from simulate.config import Config
from strategies import STRATEGIES
from strategies.base import Fixed


def initialization(study: Study) -> list[Statement]:
    """What differs between replicates, what the seed decides, what memories begin with."""
    config = study.games[0].config
    seeds = agreed(game.config.seed for game in study.games)
    counts = agreed(counted(size, "replicate") for size in study.sizes.values())
    return [
        Statement("replicates", f"{counts}. {_differ(config)}", "file"),
        Statement(
            "seed",
            f"{seeds}. Every random stream is keyed by it, the replicate's number and the purpose (an agent, a drawn "
            "truth, the mechanism), and by nothing else, so that mechanisms meet the same draws.",
            "file",
        ),
        Statement("first reports", _first(config), "code"),
        *([] if _drawn(config) else [gap("truths", "why the rewards and weights in the file are what they are")]),
    ]


def _differ(config: Config) -> str:
    drawn = [
        *(["true rewards"] if _random(config, "rewards") else []),
        *(["weights"] if _random(config, "weight") else []),
    ]
    if not drawn:
        return "They differ in the random streams of strategies and mechanism alone; truths are the same in all."
    who = [calls(a, i) for i, a in enumerate(config.agents) if isinstance(a.weight, dict) or _is_drawn(a.rewards)]
    return f"In each of them {' and '.join(drawn)} are drawn afresh for {', '.join(who)}."


def _first(config: Config) -> str:
    kinds = [made(STRATEGIES, agent.strategy, "strategy") for agent in config.agents]
    if all(isinstance(kind, Fixed) for kind in kinds):
        return "Fixed strategies report in round 0 as in every other; their memory is the message space."
    return "Memories begin empty; what a learner reports before it has seen anything, its strategy says (submodels)."


def _random(config: Config, key: str) -> bool:
    return any(_is_drawn(getattr(agent, key)) for agent in config.agents)


def _is_drawn(given: object) -> bool:
    return isinstance(given, dict) and "random" in given


def _drawn(config: Config) -> bool:
    return _random(config, "rewards") and _random(config, "weight")
