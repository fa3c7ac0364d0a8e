"""In what share of the replicates does a mechanism do at least so well?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from reports.figures.base import Games, Illustration, ranked_by, what_varies
from reports.figures.lines import lines
from reports.numbers import number
from reports.text import listed
from simulate.metrics import METRICS
from simulate.statistics import LEVEL, RESAMPLES, performance_profile

MOST_THRESHOLDS = 100
MARGIN = 0.03  # of the range, beyond both ends


def data(games: Games) -> pd.DataFrame:
    """``mechanism, threshold, share, low, high``."""
    sign, thresholds = _sign(games), _thresholds(games)
    frames = []
    for game in games:
        values = METRICS[ranked_by(games)].value(game.history)
        share, low, high = performance_profile(sign * values, sign * thresholds, game.config.seed)
        columns = {"threshold": thresholds, "share": share, "low": low, "high": high}
        frames.append(pd.DataFrame({"mechanism": game.name, **columns}))
    return pd.concat(frames, ignore_index=True)


def performance_profiles(games: Games) -> Figure:
    """A higher curve is better; where curves cross, neither mechanism is better throughout."""
    side = "at least" if _sign(games) > 0 else "at most"
    said = {
        "xlabel": f"{ranked_by(games).replace('_', ' ')} of {side}",
        "ylabel": "share of replicates",
        "ylim": (-0.03, 1.03),
    }
    steps = "pre" if _sign(games) > 0 else "post"
    figure, _ = lines(data(games), [game.name for game in games], "threshold", "share", said, steps)
    return figure


def caption(games: Games) -> str:
    """What a point of a curve is, and its band."""
    name = ranked_by(games).replace("_", " ")
    side = "at least" if _sign(games) > 0 else "at most"
    return (
        f"Share of the replicates whose {name} in settled play (last fifth of the rounds) is {side} what the axis "
        f"says; higher is better. Band: {LEVEL:.0%} percentile bootstrap interval at each threshold ({RESAMPLES} "
        f"resamples), not of the whole curve. {what_varies(games)}"
    )


def finding(games: Games) -> str:
    """The values that nine in ten and one half of the replicates reach."""
    name, sign = ranked_by(games).replace("_", " "), _sign(games)
    said = []
    for game in games:
        values = sign * METRICS[ranked_by(games)].value(game.history)
        if np.isnan(values).any():
            said.append(f"no number everywhere under {game.name}")
            continue
        worst, median = (sign * np.quantile(values, at, method="inverted_cdf") for at in (0.0, 0.5))
        said.append(f"{number(median)} in half of the replicates and {number(worst)} in all under {game.name}")
    return f"The {name} is at {'least' if sign > 0 else 'most'} {listed(said)}."


def missing(games: Games) -> str | None:
    """A share of one replicate says nothing, and what was never measured has none."""
    if min(len(game.history.replicates) for game in games) == 1:
        return "Not drawn: there is one replicate, and a share of one says nothing."
    if not np.isfinite(_values(games)).any():
        return f"Not drawn: the {ranked_by(games).replace('_', ' ')} is not a number anywhere."
    return None


def _sign(games: Games) -> int:
    return 1 if METRICS[ranked_by(games)].better == "higher" else -1


def _values(games: Games) -> np.ndarray:
    return np.concatenate([METRICS[ranked_by(games)].value(game.history) for game in games])


def _thresholds(games: Games) -> np.ndarray:
    """Every value that occurs, or evenly many of them, and one beyond both ends."""
    values = _values(games)
    found = np.unique(values[np.isfinite(values)])
    some = found[np.unique(np.linspace(0, len(found) - 1, min(len(found), MOST_THRESHOLDS)).round().astype(int))]
    beyond = MARGIN * (some[-1] - some[0]) or max(abs(some[0]), 1.0) * MARGIN
    return np.array([some[0] - beyond, *some, some[-1] + beyond])


PERFORMANCE_PROFILES = Illustration("How often is it how good?", data, performance_profiles, caption, finding, missing)
