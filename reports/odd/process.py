"""Process overview and scheduling: what happens in a round, in which order."""

from __future__ import annotations

import inspect

from mechanisms.named import name_of
from mechanisms.repeated import REPEATED
from reports.docstrings import title
from reports.odd.statement import Statement, distinct, in_code
from reports.study import Study
from reports.text import counted
from simulate.market import Market

ORDER = (
    "All agents report at once, each from its own random stream, so that no order among them matters. Reports are "
    "projected on the message space, the policy is trained on them, payments follow; then every agent sees what the "
    "scenario lets it see, and learns."
)
DRIFT = Statement("between rounds: drift", "The policy that was trained becomes the next reference.", "file")
TASTES = Statement("between rounds: tastes", "Some agents' true rewards take a Gaussian step.", "file")


def process(study: Study) -> list[Statement]:
    """The market's own step, spelled out; what changes between rounds."""
    config = study.games[0].config
    step = (inspect.getdoc(Market.step) or "").removesuffix(".")
    return [
        in_code("a round", step, lacking="what happens in a round, in which order"),
        Statement("order", ORDER, "code"),
        *_carried_over(study),
        *([DRIFT] if config.drift else []),
        *([TASTES] if any(agent.wander > 0 for agent in config.agents) else []),
        Statement("end", f"After {counted(config.rounds, 'round')}, whether or not play has come to rest.", "file"),
    ]


def _carried_over(study: Study) -> list[Statement]:
    names = distinct(name_of(game.recipe.repeated) for game in study.games if game.recipe.repeated is not None)
    return [in_code(f"between rounds: {n}", title(REPEATED[n]), lacking=f"what {n} carries over") for n in names]
