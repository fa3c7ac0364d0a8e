"""Where would two populations of agents drift, between the truth and a lie?"""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours
from reports.figures.empirical import Part, missing, tables, two_actions, what_is_fixed, who_keeps
from reports.text import label, listed
from simulate.dynamics.phase_portrait import PhasePortrait, phase_portrait
from simulate.dynamics.replicator import Replicator
from simulate.empirical.normal_form import NormalForm

ARROWS = 12  # steps of the grid
STILL = 1e-12  # of the fastest: not an arrow


def portrait(game: NormalForm, title: str = "") -> Figure:
    """Replicator arrows between two actions of two players, and rest points; of more, see `two_actions`."""
    return _figure({title: two_actions(game)})


def data(games: Games) -> pd.DataFrame:
    """``mechanism, first, first_lie, second, second_lie, x, y, dx, dy, speed, rest``: x, y are shares of the truth.

    Arrows first, then rest points, whose kind is in ``rest``.
    """
    frames = []
    for name, part in _parts(games).items():
        found, game = _portrait(part), part.game
        still = found.rest[["x", "y"]].assign(dx=0.0, dy=0.0, speed=0.0, rest=found.rest["kind"].astype(str))
        own = pd.concat([found.field.assign(rest=""), still], ignore_index=True)
        who = [name, game.players[0], game.actions[0][1], game.players[1], game.actions[1][1]]
        for place, (column, said) in enumerate(zip(_WHO, who, strict=True)):
            own.insert(place, column, said)
        frames.append(own)
    return pd.concat(frames, ignore_index=True)


def truth_or_lie(games: Games) -> Figure:
    """One panel a mechanism."""
    return _figure(_parts(games))


def caption(games: Games) -> str:
    """What is fixed, and what moves."""
    return (
        f"{what_is_fixed(games)}{who_keeps(_parts(games))} Replicator dynamics of two populations, each mixing the "
        "truth with the one lie named at its axis; arrows say where to, their colour how fast (darker is faster). "
        "Filled: a rest point that draws in whatever is near (sink); open: one that does not, or not surely."
    )


def finding(games: Games) -> str:
    """Where the arrows lead."""
    return " ".join(_sentence(name, part) for name, part in _parts(games).items())


_WHO = ["mechanism", "first", "first_lie", "second", "second_lie"]


def _sentence(name: str, part: Part) -> str:
    rest = _portrait(part).rest
    sinks = rest[rest["kind"] == "sink"]
    if not len(sinks):
        return f"Under {name} no rest point draws in all that is near it."
    places = [_place(part, round(1 - x), round(1 - y)) for x, y in zip(sinks["x"], sinks["y"], strict=True)]
    return f"Under {name} play is drawn to {listed(places)}."


def _place(part: Part, *corner: int) -> str:
    """Who is where: with two populations every sink is a corner, a strict equilibrium between these actions."""
    (first, second), (own, theirs) = part.game.players, part.game.actions
    elsewhere = "" if part.stable[corner] else " (though another report than these would pay somebody more)"
    return f"{first} at {own[corner[0]]} with {second} at {theirs[corner[1]]}{elsewhere}"


def _parts(games: Games) -> dict[str, Part]:
    return {name: two_actions(game) for name, game in tables(games).items()}


def _portrait(part: Part) -> PhasePortrait:
    return phase_portrait(Replicator(), part.game, ARROWS)


def _figure(parts: dict[str, Part]) -> Figure:
    across = min(len(parts), 2)
    down = -(-len(parts) // across)
    with rc_context(STYLE):
        figure = Figure(figsize=(4.9 * across, 4.7 * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False).ravel()
        for axes, (name, part) in zip(grid, parts.items(), strict=False):
            _draw(axes, part.game, _portrait(part))
            axes.set_title(label(name, 40), fontsize=11)
        for axes in grid[len(parts) :]:
            axes.set_axis_off()
    return figure


def _draw(axes: Axes, game: NormalForm, found: PhasePortrait) -> None:
    field, fastest = found.field, float(found.field["speed"].max())
    moving = field[field["speed"] > STILL * fastest]
    speed = moving["speed"].to_numpy()
    if len(moving):
        axes.quiver(
            moving["x"], moving["y"], moving["dx"] / speed, moving["dy"] / speed, np.sqrt(speed / fastest),
            cmap="cividis_r", clim=(-0.15, 1.0), angles="xy", pivot="mid", scale=1.35 * ARROWS, width=0.0055,
        )  # fmt: skip
    else:
        axes.text(0.5, 0.5, "nothing moves", ha="center", va="center")
    for sink, fill in ((False, "white"), (True, colours(4)[3])):
        own = found.rest[(found.rest["kind"] == "sink") == sink]
        axes.scatter(own["x"], own["y"], 85, color=fill, edgecolors="black", linewidths=1.4, zorder=3, clip_on=False)
    for side, player, (truth, lie) in zip("xy", game.players, game.actions, strict=True):
        said = f"{label(player, 20)}: share of {label(truth, 16)}\n(the rest: {label(lie, 16)})"
        axes.set(**{f"{side}label": said, f"{side}lim": (-0.06, 1.06)})
    axes.set_aspect("equal")


PHASE = Illustration(
    "Truth or lie: where does it drift?", data, truth_or_lie, caption, finding, missing, kind="computed at the start"
)
