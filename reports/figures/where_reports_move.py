"""Where do reports move, in the space of all that can be reported?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours, markers
from reports.figures.plane import Plane, plane_of
from reports.games import Game
from reports.numbers import number
from reports.text import label, listed

MOST_PANELS = 4
MOST_AGENTS = 8


def data(games: Games) -> pd.DataFrame:
    """``mechanism, replicate, round, agent, x, y, true_x, true_y``."""
    plane = _plane(games)
    frames = []
    for game in _drawn(games):
        paths = _paths(game)
        x, y = plane.places(paths.reported).T
        true_x, true_y = plane.places(paths.true).T
        places = {"x": x, "y": y, "true_x": true_x, "true_y": true_y}
        frames.append(paths.index.assign(**places))
        frames[-1].insert(0, "mechanism", game.name)
    return pd.concat(frames, ignore_index=True)


def where_reports_move(games: Games) -> Figure:
    """A panel a mechanism: a star at every agent's truth, a line along its reports, a marker where they end."""
    frame, plane = data(games), _plane(games)
    drawn = _drawn(games)
    across = min(len(drawn), 2)
    down = -(-len(drawn) // across)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 4.3 * down + 0.4), layout="constrained")
        grid = figure.subplots(down, across, sharex=True, sharey=True, squeeze=False).ravel()
        for axes, game in zip(grid, drawn, strict=False):
            _draw(axes, frame[frame["mechanism"] == game.name])
            plane.frame(axes)
            axes.set_title(label(game.name, 40), fontsize=11)
        for axes in grid[len(drawn) :]:
            axes.set_axis_off()
        handles, labels = grid[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncol=4, frameon=False)
    return figure


def caption(games: Games) -> str:
    """What a point is, what its place is, and what is left out."""
    paths = [_paths(game) for game in _drawn(games)]
    n, rounds = (max(path.index[of].nunique() for path in paths) for of in ("replicate", "round"))
    left = [game.name for game in games if game not in _drawn(games)]
    few = f" Not shown: {listed(left)}." if left else ""
    agents = len(games[0].history.agents)
    some = f" Shown are the first {MOST_AGENTS} of {agents:,} agents." if agents > MOST_AGENTS else ""
    return (
        f"A report is a point: weight times reward of {_responses(games)}. {_plane(games).said} "
        f"Star: the truth, dotted to the first report; line: reports in {rounds} of "
        f"{max(len(game.history) for game in games)} rounds; marker: the last one. n = {n} of "
        f"{len(games[0].history.replicates)} replicates, a line each, so there is no interval; they differ in the "
        f"agents' random streams and in whatever the scenario draws.{some}{few}"
    )


def finding(games: Games) -> str:
    """Whose report ends farthest from the truth."""
    sentences = []
    for game in _drawn(games):
        paths = _paths(game)
        last = (paths.index["round"] == paths.index["round"].max()).to_numpy()
        away = np.linalg.norm(paths.reported[last] - paths.true[last], axis=1)
        size = np.linalg.norm(paths.true[last], axis=1)
        share = pd.Series(away / np.where(size > 0, size, 1.0)).groupby(paths.index["agent"][last].to_numpy()).mean()
        if number(float(share.max())) == "0":
            sentences.append(f"Under {game.name} all reports end at the truth.")
        else:
            far = (
                f"{share.idxmax()} ends farthest from its truth, {number(float(share.max()))} times the truth's length"
            )
            sentences.append(f"Under {game.name} {far} away.")
    return " ".join(sentences)


def missing(games: Games) -> str | None:
    """Folders of earlier versions, reports too long to be kept, and reports that are all the same."""
    if not _drawn(games):
        return (
            "Not drawn: the run folders hold no reports.parquet; an earlier version wrote them, or they are of other "
            "replicates than the first ones."
        )
    points = np.concatenate([_paths(game).reported for game in _drawn(games)])
    return None if np.ptp(points, axis=0).max() > 0 else "Not drawn: all reports are one and the same."


@dataclass(frozen=True)
class _Paths:
    """The kept reports of a run as points."""

    index: pd.DataFrame  # replicate, round, agent: N rows
    reported: np.ndarray  # [N, P x K]
    true: np.ndarray  # the same


def _drawn(games: Games) -> list[Game]:
    return [game for game in games if game.run.reports is not None and len(game.run.reports)][:MOST_PANELS]


def _paths(game: Game) -> _Paths:
    frame = game.run.reports
    assert frame is not None
    names = pd.unique(frame["agent"])[:MOST_AGENTS]
    frame = frame[frame["agent"].isin(names)]
    keys = ["replicate", "round", "agent"]
    size = len(frame) // len(frame.drop_duplicates(keys))
    index = frame[keys].iloc[::size].reset_index(drop=True)
    reported, true = (frame[of].to_numpy(np.float64).reshape(-1, size) for of in ("reported", "true"))
    return _Paths(index.assign(agent=index["agent"].astype(str)), reported, true)


def _plane(games: Games) -> Plane:
    paths = [_paths(game) for game in _drawn(games)]
    points = np.concatenate([points for path in paths for points in (path.reported, path.true)])
    return plane_of(points, _shape(games) == (1, 3))


def _shape(games: Games) -> tuple[int, int]:
    """Prompts and responses, of which the last ones are always kept."""
    frame = _drawn(games)[0].run.reports
    assert frame is not None
    return int(frame["prompt"].max()) + 1, int(frame["response"].max()) + 1


def _responses(games: Games) -> str:
    prompts, width = _shape(games)
    kept = _paths(_drawn(games)[0]).true.shape[1]
    return "every response" if kept == prompts * width else f"{kept} of {prompts * width:,} responses, evenly chosen"


def _draw(axes: Axes, frame: pd.DataFrame) -> None:
    agents = list(dict.fromkeys(frame["agent"]))
    for agent, colour, marker in zip(agents, colours(len(agents)), markers(len(agents)), strict=True):
        own = frame[frame["agent"] == agent]
        for _, path in own.groupby("replicate"):
            start = path.iloc[0]
            axes.plot([start["true_x"], start["x"]], [start["true_y"], start["y"]], ":", color=colour, linewidth=1.1)
            axes.plot(path["x"], path["y"], color=colour, linewidth=1.1, alpha=0.55)
        last = own[own["round"] == own["round"].max()]
        axes.scatter(
            last["x"], last["y"], 60, color=colour, marker=marker, edgecolors="white", linewidths=0.7, zorder=4,
            label=" " + label(agent, 24),  # a name that begins with an underscore would not be listed
        )  # fmt: skip
        true = own.drop_duplicates(["true_x", "true_y"])
        axes.scatter(
            true["true_x"], true["true_y"], 150, color="white", marker="*", edgecolors=colour, linewidths=1.3, zorder=3
        )


WHERE_REPORTS_MOVE = Illustration("Where do reports move?", data, where_reports_move, caption, finding, missing)
