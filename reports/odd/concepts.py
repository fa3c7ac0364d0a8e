"""Design concepts: the eleven of the protocol, each with what this model does about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mechanisms.base import utility
from mechanisms.named import made, name_of
from mechanisms.training_rules import TRAINING_RULES
from reports.docstrings import opening, title
from reports.odd.statement import Statement, distinct, gap, in_code
from reports.study import Study
from reports.text import counted, listed
from simulate.adapters.tuned import trains
from simulate.config import Config
from simulate.history import AGENT_COLUMNS, OUTCOME_COLUMNS
from strategies import STRATEGIES
from strategies.base import Fixed

JOINT = ("coalition", "false_name")  # strategies whose followers act as one
SEEN = {
    "bandit": "its own utility, and nothing else",
    "outcome": "its own utility, the policy, and what any other report of its own would have brought it in that round",
    "full": (
        "its own utility, the policy, what any other report of its own would have brought it in that round, and "
        "everybody's reports"
    ),
}


def concepts(study: Study) -> list[Statement]:
    """Basic principles, emergence, adaptation, objectives, learning, prediction, sensing, interaction, ..."""
    config = study.games[0].config
    named = distinct(agent.strategy for game in study.games for agent in game.config.agents)
    learners = [spec for spec in named if not isinstance(made(STRATEGIES, spec, "strategy"), Fixed)]
    return [
        _principles(study),
        _emergence(learners),
        _adaptation(learners),
        in_code("objectives", opening(utility), lacking="what agents strive for"),
        _learning(learners),
        _prediction(config, learners),
        _sensing(config),
        _interaction(study),
        Statement("stochasticity", _chance(study), "file"),
        _collectives(config),
        _observation(config),
    ]


def _principles(study: Study) -> Statement:
    rules = distinct(name_of(game.recipe.training) for game in study.games)
    said = [title(TRAINING_RULES[rule]) for rule in rules]
    frame = (
        "Mechanism design: agents hold private reward models and sizes and report what they like; a rule trains one "
        "policy and bills them"
    )
    return in_code(
        "basic principles", *([frame, *said] if any(said) else []), lacking="which theory the model rests on"
    )


def _emergence(learners: Sequence[Any]) -> Statement:
    if not learners:
        says = "Reports do not emerge: fixed strategies impose them. Policy, payments and welfare follow from them."
    else:
        says = "The size of the lies, where play settles, and with them policy, payments and welfare loss."
    return Statement("emergence", says, "code")


def _adaptation(learners: Sequence[Any]) -> Statement:
    if not learners:
        return Statement("adaptation", "None: fixed strategies do the same whatever they see.", "code")
    names = listed(name_of(spec) for spec in learners)
    return Statement(
        "adaptation", f"Who follows {names} chooses the next report by what the last rounds brought.", "code"
    )


def _learning(learners: Sequence[Any]) -> Statement:
    if not learners:
        return Statement("learning", "None: fixed strategies change no memory.", "code")
    said = [
        f"{name_of(spec)}: {opening(STRATEGIES[name_of(spec)])}"
        for spec in learners
        if opening(STRATEGIES[name_of(spec)])
    ]
    return in_code("learning", *said, lacking=f"how {listed(name_of(spec) for spec in learners)} learn")


def _sensing(config: Config) -> Statement:
    says = (
        f"The scenario gives {config.information} information: after a round an agent knows {SEEN[config.information]}."
        " Nobody sees another's true rewards, but for those who act as one; the mechanism never sees anybody's."
    )
    return Statement("sensing", says, "file")


def _interaction(study: Study) -> Statement:
    free = all(name_of(game.recipe.payment) == "zero" for game in study.games)
    bills = "nobody pays" if free else "what others report moves an agent's bill too, where its payment rule says so"
    return Statement(
        "interaction", f"Through the mechanism: every report moves the one policy that all get; {bills}.", "code"
    )


def _prediction(config: Config, learners: Sequence[Any]) -> Statement:
    if not learners:
        return Statement("prediction", "None: fixed strategies expect nothing.", "code")
    return gap(
        "prediction",
        f"what followers of {listed(name_of(spec) for spec in learners)} expect of the others' next reports; the code "
        "states how they learn, not what they believe",
    )


def _chance(study: Study) -> str:
    config = study.games[0].config
    drawn = [
        *(["the reference's law"] if isinstance(config.reference, dict) and "random" in config.reference else []),
        *(["true rewards"] if any(_random(agent.rewards) for agent in config.agents) else []),
        *(["weights"] if any(_random(agent.weight) for agent in config.agents) else []),
        *(["steps of true rewards"] if any(agent.wander > 0 for agent in config.agents) else []),
        "whatever a strategy draws",
        *(["the samples that training draws"] if any(map(_samples, study.games)) else []),
    ]
    if len(study.games) == 1:
        return f"{_drawn(drawn)}."
    met = "All mechanisms met the same" if study.is_paired else "The mechanisms did not all meet the same"
    return f"{_drawn(drawn)}. {met} draws in the same replicate."


def _drawn(drawn: Sequence[str]) -> str:
    return f"Drawn {'are' if len(drawn) > 1 else 'is'} {listed(drawn)}"


def _samples(game: Any) -> bool:
    return trains(game.config) and name_of(game.recipe.fine_tuner) == "rloo"


def _random(given: object) -> bool:
    return isinstance(given, dict) and "random" in given


def _collectives(config: Config) -> Statement:
    joint = [spec for spec in distinct(name_of(agent.strategy) for agent in config.agents) if spec in JOINT]
    if joint:
        return Statement("collectives", f"Followers of {listed(joint)} act as one.", "code")
    crowds = [counted(agent.count, "agent") for agent in config.agents if agent.count > 1]
    many = f" There are {listed(crowds)} of one kind, each of whom decides alone." if crowds else ""
    return Statement("collectives", f"None: nobody acts for a group.{many}", "code")


def _observation(config: Config) -> Statement:
    says = (
        f"Kept of every round: of each agent {_columns(AGENT_COLUMNS)}; of the round {_columns(OUTCOME_COLUMNS)}. "
        f"{_measured(config)} No agent sees a measurement."
    )
    return Statement("observation", says, "code")


def _measured(config: Config) -> str:
    if config.exploitability == 0:
        return "What a lie could still gain is not measured."
    return f"What a lie could still gain is measured in at most {counted(config.exploitability, 'round')}."


def _columns(names: Sequence[str]) -> str:
    return listed(name.replace("_", " ") for name in names)
