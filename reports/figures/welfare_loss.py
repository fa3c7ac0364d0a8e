"""What do the lies cost everybody together, round by round?"""

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.base import Games, Illustration
from reports.figures.curves import curves_caption, curves_data, curves_finding, draw_curves
from simulate.contest import one_objective

COLUMN = "welfare_loss"


def data(games: Games) -> pd.DataFrame:
    """Quartiles over replicates of the welfare loss."""
    return curves_data(games, COLUMN)


def welfare_loss(games: Games) -> Figure:
    """Welfare loss over rounds: best objective at the truth minus the one reached."""
    return draw_curves(games, COLUMN, "welfare loss")


def caption(games: Games) -> str:
    """Says what is lost."""
    units = (
        "" if one_objective(game.config for game in games) else ", each in units of its own objective, not comparable"
    )
    return curves_caption(games, f"Welfare loss (best objective at the truth minus the one reached{units})")


def finding(games: Games) -> str:
    """Where the loss ends."""
    return curves_finding(games, COLUMN)


WELFARE_LOSS = Illustration("What do the lies cost?", data, welfare_loss, caption, finding)
