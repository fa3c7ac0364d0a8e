"""Points with an interval each way."""

from typing import Any

import pandas as pd
from matplotlib.axes import Axes


def crosses(axes: Axes, frame: pd.DataFrame, x: str, y: str, colour: Any) -> None:
    """Bars from ``x_low`` to ``x_high`` and from ``y_low`` to ``y_high``, which hold the points but for rounding."""
    across, up = (
        [(frame[of] - frame[f"{of}_low"]).clip(lower=0), (frame[f"{of}_high"] - frame[of]).clip(lower=0)]
        for of in (x, y)
    )
    axes.errorbar(
        frame[x], frame[y], yerr=up, xerr=across, fmt="none", ecolor=colour, capsize=2.5, linewidth=1.1, alpha=0.8
    )
