"""What a figure is, and what all figures look like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from reports.games import Game
from reports.text import listed
from simulate.adapters.tuned import trains
from simulate.contest import FALLBACK, RANKED, one_objective
from simulate.statistics import LEVEL, RESAMPLES

Games = Sequence[Game]

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
DASHES: tuple[Any, ...] = ((), (5, 2), (1, 1.5), (7, 2, 1.5, 2), (3, 1, 1, 1, 1, 1))

STYLE: Any = {
    **sns.axes_style("whitegrid"),
    **sns.plotting_context("notebook", font_scale=0.95),
    "text.parse_math": False,  # a dollar sign in a name is a dollar sign
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#666666",
    "grid.color": "#e4e4e4",
    "font.family": ["DejaVu Sans"],
    "svg.fonttype": "none",  # text stays text: to be searched and read aloud, in any script, at half the bytes
    "svg.hashsalt": "trueward",  # identifiers in the SVG, and so its bytes, do not change
}


@dataclass(frozen=True)
class Illustration:
    """A figure, the frame it draws (also written as CSV), and what is said about it."""

    title: str
    data: Callable[[Games], pd.DataFrame]
    draw: Callable[[Games], Figure]
    caption: Callable[[Games], str]
    finding: Callable[[Games], str]  # what one sees, in words: the alternative text
    missing: Callable[[Games], str | None] = lambda games: None  # why it cannot be drawn, in a sentence
    kind: str = "measured"  # where its numbers come from: the tag it wears


def colours(count: int) -> list[Any]:
    """Colours that colour-blind readers tell apart, repeated after ten."""
    return list(islice(cycle(sns.color_palette("colorblind", 10)), count))


def markers(count: int) -> list[str]:
    """Marker shapes, for print without colour."""
    return list(islice(cycle(MARKERS), count))


def dashes(count: int) -> list[Any]:
    """Line styles, for print without colour."""
    return list(islice(cycle(DASHES), count))


def what_varies(games: Games) -> str:
    """How many replicates there are, and what differs between them."""
    sizes = {game.name: len(game.history.replicates) for game in games}
    n = max(sizes.values())
    if n == 1:
        return "One replicate, so there is nothing to take an interval over."
    many = str(n) if len(set(sizes.values())) == 1 else listed(f"{size} under {name}" for name, size in sizes.items())
    return f"n = {many} replicates, which differ in the agents' random streams and in whatever the scenario draws."


def interval_method() -> str:
    """How intervals are made."""
    return f"{LEVEL:.0%} percentile bootstrap interval of the interquartile mean ({RESAMPLES} resamples)"


def trained_to_the_end(games: Games) -> str:
    """What stands in for language models that hundreds of counterfactuals would have to train."""
    if not any(trains(game.config) for game in games):
        return ""
    return " The exact optimum stands in for the language models that were trained."


def ranked_by(games: Games) -> str:
    """The metric and column that orders mechanisms: losses where they are in the same units, welfare elsewhere."""
    return RANKED if one_objective(game.config for game in games) else FALLBACK
