"""What would the best single lie have added, so far?"""

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.base import Games, Illustration
from reports.figures.curves import curves_caption, curves_data, curves_finding, draw_curves
from reports.figures.exploitability import never_measured

COLUMN = "regret"


def data(games: Games) -> pd.DataFrame:
    """Quartiles over replicates of the mean over agents."""
    return curves_data(games, COLUMN)


def regret(games: Games) -> Figure:
    """Average external regret up to each round: learners that keep their promise come down to 0."""
    return draw_curves(games, COLUMN, "average regret\n(utility a round)")


def caption(games: Games) -> str:
    """Says against what."""
    what = (
        "What the best of the catalogue's lies in hindsight, told in every round, would have added to the utility of a "
        "round so far, interpolated between measured ones, mean over agents"
    )
    return curves_caption(games, what)


def finding(games: Games) -> str:
    """Where it ends."""
    return curves_finding(games, COLUMN)


def missing(games: Games) -> str | None:
    """Runs in which it was not measured."""
    return never_measured(games, COLUMN)


REGRET = Illustration("Do learners come to regret?", data, regret, caption, finding, missing)
