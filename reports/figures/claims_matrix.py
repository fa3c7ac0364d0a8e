"""Which axioms do the compared mechanisms satisfy, as far as the audit knows?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from mechanisms.axioms import AXIOMS
from mechanisms.catalogue import MECHANISMS
from reports.figures.base import STYLE, Games, Illustration
from reports.games import Game
from reports.numbers import number
from reports.text import label, listed
from simulate.audit.matrix import measured

# status -> what a cell says (a refutation its size), its fill, the colour of its words: told apart in grey too
LOOKS: dict[str, tuple[str, str, str]] = {
    "proved": ("yes", "#1d6996", "#ffffff"),
    "refuted": ("", "#f3b584", "#222222"),
    "contradicted": ("", "#222222", "#ffffff"),
    "unknown": ("?", "#f0f0f0", "#444444"),
    "not recorded": ("", "#ffffff", "#999999"),
}


def data(games: Games) -> pd.DataFrame:
    """``mechanism, axiom, status, violation``: the recorded matrix, as far as this run's pair of rules claims it."""
    return pd.DataFrame(
        [
            (game.name, axiom, *_cell(game, axiom, row))
            for game, row in ((game, _recorded(game)) for game in games)
            for axiom in AXIOMS
        ],
        columns=["mechanism", "axiom", "status", "violation"],
    )


def claims_matrix(games: Games) -> Figure:
    """Mechanisms down, axioms across."""
    frame, count = data(games), len(games)
    with rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(9, 2.1 + 0.46 * count), layout="constrained")
        axes = figure.subplots()
        for place, cell in enumerate(frame.itertuples()):
            down, across = divmod(place, len(AXIOMS))
            said, fill, ink = LOOKS[str(cell.status)]
            axes.add_patch(Rectangle((across, down), 1, 1, facecolor=fill, edgecolor="white", linewidth=1.5))
            said = said or ("" if cell.status == "not recorded" else f"{cell.violation:.2g}")
            axes.text(across + 0.5, down + 0.5, said, ha="center", va="center", color=ink, fontsize=9)
        axes.set(xlim=(0, len(AXIOMS)), ylim=(count, 0))
        axes.set_yticks([row + 0.5 for row in range(count)], [label(game.name, 24) for game in games])
        names = [axiom.replace("_", " ") for axiom in AXIOMS]
        axes.set_xticks([i + 0.5 for i in range(len(names))], names, rotation=40, ha="left", rotation_mode="anchor")
        axes.tick_params(length=0, top=False, bottom=False, labeltop=True, labelbottom=False)
        for side in axes.spines.values():
            side.set_visible(False)
    return figure


def caption(games: Games) -> str:
    """Where the cells come from, and what each means."""
    left = [game.name for game in games if _recorded(game) is None]
    absent = f" Not recorded: {listed(left)}; `trueward audit` tells." if left else ""
    return (
        "Not of this play: recorded by the audit of the catalogue on games made for it, n = 1 deterministic search a "
        "cell, so that there is no interval. Yes (dark): claimed, a theorem for non-negative rewards, and no violation "
        "found; a number (light): refuted, by a witness of that size in units of utility; ?: neither claimed nor "
        f"refuted; white on black: claimed and violated.{absent}"
    )


def finding(games: Games) -> str:
    """How many axioms hold, and how many are refuted."""
    sentences = []
    for name, own in data(games).groupby("mechanism", sort=False):
        count = own["status"].value_counts()
        broken = int(count.get("refuted", 0)) + int(count.get("contradicted", 0))
        worst = str(own["axiom"].iloc[int(own["violation"].fillna(0.0).argmax())])
        most = f", {worst.replace('_', ' ')} by most ({number(float(own['violation'].max()))})" if broken else ""
        sentences.append(f"{name} claims {count.get('proved', 0)} of {len(own)} axioms; {broken} are refuted{most}.")
    return " ".join(sentences)


def missing(games: Games) -> str | None:
    """Rules that the audit has no record of."""
    known = any(_recorded(game) is not None for game in games)
    return None if known else "Not drawn: the audit has no record of these rules; `trueward audit` makes one."


def _recorded(game: Game) -> Mapping[str, Any] | None:
    """The row of the catalogued mechanism with the same rules; divergence, beta and fine-tuner may differ."""
    rules = (game.recipe.training, game.recipe.payment, game.recipe.repeated)
    matrix = measured()
    return next(
        (
            matrix[n]
            for n, each in MECHANISMS.items()
            if (each.training, each.payment, each.repeated) == rules and n in matrix
        ),
        None,
    )


def _cell(game: Game, axiom: str, row: Mapping[str, Any] | None) -> tuple[str, float]:
    """What is recorded as proved but not claimed of these settings (of an inexact fine-tuner, say) is unknown."""
    found = None if row is None else row.get(axiom)
    if found is None:
        return "not recorded", float("nan")
    unclaimed = found["status"] == "proved" and axiom not in game.recipe.claims
    return ("unknown" if unclaimed else found["status"]), float(found["violation"])


CLAIMS_MATRIX = Illustration(
    "Which axioms hold?", data, claims_matrix, caption, finding, missing, kind="claimed, and audited beforehand"
)
