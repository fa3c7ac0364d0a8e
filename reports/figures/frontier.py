"""How much can a provider earn, for how much welfare? Drawn from designs, not from games played."""

from __future__ import annotations

import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, colours, dashes, markers
from reports.figures.crosses import crosses
from reports.numbers import number
from reports.text import label
from simulate.design.frontier import Frontier

HOW = {"vcg": "vcg", "learned": "learned, at a welfare floor", "vcg at a larger beta": "vcg at a larger beta"}
BUNCHED = 0.25  # of a percent of welfare: of points nearer than that only the first is labelled


def frontier_data(found: Frontier) -> pd.DataFrame:
    """One row a mechanism: ``family, setting`` and every mean with its interval."""
    return pd.DataFrame(found.rows)


def frontier_figure(found: Frontier) -> Figure:
    """Profit against the share of VCG's welfare that is kept: right and up is better."""
    frame = frontier_data(found)
    frame["family"] = frame["family"].map(HOW)
    frame["kept"] = 100 * frame["welfare_share"]
    families = list(HOW.values())
    hues = dict(zip(families, colours(3), strict=True))
    with rc_context(STYLE):
        figure = Figure(figsize=(8.5, 5.2), layout="constrained")
        axes = figure.subplots()
        axes.axhline(0, color="#444444", linewidth=1)
        sns.lineplot(
            frame, x="kept", y="profit", hue="family", style="family", palette=hues, markers=markers(3),
            dashes=dashes(3), hue_order=families, style_order=families, markersize=9, errorbar=None, sort=True, ax=axes,
        )  # fmt: skip
        for end in ("low", "high"):
            frame[f"kept_{end}"] = 100 * frame[f"welfare_share_{end}"]
        for family, own in frame.groupby("family", sort=False):
            crosses(axes, own, "kept", "profit", hues[str(family)])
        axes.margins(x=0.1)
        _label(axes, frame)
        axes.set(xlabel="welfare kept, per cent of vcg's", ylabel="profit: payments minus the cost of training")
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=3, frameon=False)
        sns.despine(ax=axes)
    return figure


def _label(axes: Axes, frame: pd.DataFrame) -> None:
    """Floors to the right of their points, factors of beta to the left of theirs."""
    for family, side, said in ((HOW["learned"], 1, "floor {:g} %"), (HOW["vcg at a larger beta"], -1, "{:g} beta")):
        own, last = frame[frame["family"] == family], float("inf")
        for setting, kept, profit in zip(own["setting"], own["kept"], own["profit"], strict=True):
            if abs(last - kept) < BUNCHED:
                continue
            last = kept
            shown = said.format(100 * setting if side > 0 else setting)
            axes.annotate(
                shown, (kept, profit), (8 * side, 8 * side), textcoords="offset points",
                ha="left" if side > 0 else "right", va="center", fontsize=8.5, color="#333333",
            )  # fmt: skip


def frontier_caption(found: Frontier) -> str:
    """What a point is, what its bars are, what varies."""
    return (
        f"Truthful play of {label(found.scenario, 40)}, n = {found.games:,} games that no mechanism was learned on; "
        "they differ in whatever the scenario draws, and are the same for every point. Point: mean; bars: 95 % normal "
        "intervals, of profit over games, of the share of welfare over paired games. Training costs "
        f"{found.beta:g} a unit of divergence under every mechanism, whatever beta it announces. In all of them truth "
        "is a dominant strategy."
    )


def frontier_finding(found: Frontier) -> str:
    """The best of each family, in words: the alternative text."""
    frame = frontier_data(found)
    sentences = []
    for family, own in frame.groupby("family", sort=False):
        best = own.iloc[int(own["profit"].argmax())]
        sentences.append(f"{HOW[str(family)]}: profit {number(best.profit)} at {best.welfare_share:.1%} of the welfare")
    return "; ".join(sentences) + "."
