"""Purpose and patterns: what the model is for, and by what one sees whether it serves."""

from __future__ import annotations

from reports.games import Game
from reports.odd.statement import Statement, gap
from reports.study import Study
from reports.text import listed


def purpose(study: Study) -> list[Statement]:
    """The question is the report's; theorems are the patterns that the code knows, data are for people to name."""
    config, names = study.games[0].config, [game.name for game in study.games]
    asked = f"which of {listed(names)} to announce" if len(names) > 1 else f"where play settles under {names[0]}"
    line = config.summary.removesuffix(".")
    known = Statement("scenario", f"{line[:1].upper()}{line[1:]}.", "file")
    held = "; ".join(map(_claims, study.games))
    return [
        Statement("question", f"To see in {config.name} {asked}: who misreports, who gains, what it costs.", "file"),
        known if line else gap("scenario", "in one line, which market this is (the key summary of the scenario)"),
        gap("whom it serves", "who decides what by this model, and what would change their mind"),
        Statement("patterns in theory", f"{held}. The section on claims holds play against these.", "code"),
        gap("patterns in data", "which observations of real markets the model should show again, and whether it does"),
    ]


def _claims(game: Game) -> str:
    claimed = sorted(game.recipe.claims)
    return f"{game.name} claims {listed(c.replace('_', ' ') for c in claimed) if claimed else 'nothing'}"
