"""How large are the lies, round by round?"""

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.base import Games, Illustration
from reports.figures.curves import curves_caption, curves_data, curves_finding, draw_curves

COLUMN = "report_distance"


def data(games: Games) -> pd.DataFrame:
    """Quartiles over replicates of the mean report distance."""
    return curves_data(games, COLUMN)


def lies(games: Games) -> Figure:
    """Report distance over rounds: 0 is the truth, 1 as far from it as silence."""
    return draw_curves(games, COLUMN, "size of the lies\n(report distance)")


def caption(games: Games) -> str:
    """Says what 0 and 1 mean."""
    return curves_caption(games, "Size of the lies, mean over agents (0 is the truth, 1 as far from it as silence)")


def finding(games: Games) -> str:
    """Where the lies end."""
    return curves_finding(games, COLUMN)


LIES = Illustration("Do agents lie?", data, lies, caption, finding)
