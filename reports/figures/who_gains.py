"""Which agents do better than the truth would have done?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.figures.base import Games, Illustration, interval_method, what_varies
from reports.figures.dots import agents_data, draw_dots, who_is_shown
from reports.numbers import number


def data(games: Games) -> pd.DataFrame:
    """``mechanism, agent, mean, iqm, low, high`` of the gain over truth-telling in settled play."""
    return agents_data(games, "utility_gain")


def who_gains(games: Games) -> Figure:
    """One row an agent, one dot a mechanism; right of zero lying pays."""
    return draw_dots(games, {"gain over telling the truth, in units of utility": data(games)})


def caption(games: Games) -> str:
    """What a dot is, what its bar is, and who is left out."""
    return (
        "Utility in settled play (last fifth of the rounds) minus what the truth would have brought against the same "
        f"reports of the others. Dot: interquartile mean; bar: {interval_method()}. "
        f"{what_varies(games)}{who_is_shown(games)}"
    )


def finding(games: Games) -> str:
    """Who gains most under each mechanism."""
    sentences = []
    for name, own in data(games).groupby("mechanism", sort=False):
        best = own.iloc[int(own["iqm"].fillna(0.0).argmax())]
        gains = number(best.iqm) != "0" and best.iqm > 0
        sentences.append(f"Under {name} {f'{best.agent} gains most, {number(best.iqm)}' if gains else 'nobody gains'}.")
    return " ".join(sentences)


def missing(games: Games) -> str | None:
    """Where nobody lies, nobody can gain by it."""
    lied = any(bool(np.any(play)) for game in games for play in game.history.rounds["report_distance"])
    return None if lied else "Not drawn: nobody told a lie."


WHO_GAINS = Illustration("Who gains by lying?", data, who_gains, caption, finding, missing)
