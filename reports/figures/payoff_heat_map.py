"""What does every report pay, whatever the other says?  The game of reports as a heat map."""

from __future__ import annotations

from collections import Counter
from math import floor, log10

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from reports.figures.base import STYLE, Games, Illustration
from reports.figures.empirical import Part, best_replies, missing, tables, two_players, what_is_fixed, who_keeps
from reports.text import label, listed
from simulate.empirical.normal_form import Array, NormalForm
from simulate.equilibria.pure_nash import stable

ANNOTATED = 8  # actions of a player, up to which there is room for numbers
NAMED = 20  # actions of a player, up to which there is room for names
COLUMNS = ["mechanism", "player", "first", "first_action", "second", "second_action", "utility", "best_reply", "stable"]


def heat_map(game: NormalForm, title: str = "") -> Figure:
    """Utilities of two players at every pair of their actions; of more, see `two_players`, which says who is fixed."""
    return _figure({title: two_players(game)})


def data(games: Games) -> pd.DataFrame:
    """``mechanism, player, first, first_action, second, second_action, utility, best_reply, stable``."""
    return pd.DataFrame([(name, *row) for name, part in _parts(games).items() for row in _rows(part)], columns=COLUMNS)


def payoff_heat_map(games: Games) -> Figure:
    """One row of panels a mechanism, one column a player."""
    return _figure(_parts(games))


def caption(games: Games) -> str:
    """What is fixed, and what the marks are."""
    return (
        f"{what_is_fixed(games)}{who_keeps(_parts(games))} Cells: true utility of the agent named above the panel, "
        "darker is more, on a scale of its own. Dot: the agent's best reply to the other's report. Frame: nobody, "
        "the agents not drawn included, gains by reporting something else alone."
    )


def finding(games: Games) -> str:
    """Whether the truth is best whatever others say, and where nobody wants to move."""
    return " ".join(_sentence(name, game) for name, game in tables(games).items())


def _sentence(name: str, game: NormalForm) -> str:
    if all(best_replies(game, i).take(0, i).all() for i in range(game.n)):
        return f"Under {name} the truth is everybody's best reply, whatever the others report."
    cells = list(zip(*stable(game).nonzero(), strict=True))
    if not cells:
        return f"Under {name} somebody gains by moving from any profile of these reports."
    told = Counter(game.actions[i][action] for i, action in enumerate(cells[0]))
    (action, count), *rest = told.most_common()
    said = listed([f"{action} is reported by {count} of {game.n} agents", *(f"{a} by {c}" for a, c in rest)])
    where = "only" if len(cells) == 1 else f"at {len(cells)} profiles, the first"
    return f"Under {name} nobody gains by moving alone {where} where {said}."


def _parts(games: Games) -> dict[str, Part]:
    return {name: two_players(game) for name, game in tables(games).items()}


def _rows(part: Part) -> list[tuple[object, ...]]:
    game = part.game
    best = [best_replies(game, player) for player in (0, 1)]
    return [
        (game.players[i], *where, float(game.payoffs[i, a, b]), bool(best[i][a, b]), bool(part.stable[a, b]))
        for i, a, b in np.ndindex(*game.payoffs.shape)
        for where in [(game.players[0], game.actions[0][a], game.players[1], game.actions[1][b])]
    ]


def _figure(parts: dict[str, Part]) -> Figure:
    with rc_context(STYLE):
        figure = Figure(figsize=(9.5, 4.1 * len(parts)), layout="constrained")
        grid = figure.subplots(len(parts), 2, squeeze=False)
        for row, (name, part) in zip(grid, parts.items(), strict=True):
            for player, axes in enumerate(row):
                _draw(axes, part, player)
                what = f"{label(part.game.players[player], 24)}: utility"
                axes.set_title(f"{label(name, 24)}\n{what}" if name else what, fontsize=11)
    return figure


def _rounded(game: NormalForm) -> Array:
    """What is next to nothing, to thousandths of the largest difference: its zeros would not fit the cell."""
    places = min(3 - floor(log10(game.span)), 300)
    small = np.abs(game.payoffs) < game.span / 100
    return np.where(small, np.round(game.payoffs, places), game.payoffs) + 0.0  # -0 is 0


def _draw(axes: Axes, part: Part, player: int) -> None:
    game, (rows, columns) = part.game, part.game.sizes
    few = max(rows, columns) <= ANNOTATED
    names = [[label(name, 14) for name in own] if len(own) <= NAMED else False for own in game.actions]
    sns.heatmap(
        game.payoffs[player], ax=axes, cmap="cividis_r", annot=_rounded(game)[player] if few else False, fmt=".3g",
        cbar=not few, linewidths=0.6 * few, annot_kws={"fontsize": 8.5}, yticklabels=names[0], xticklabels=names[1],
    )  # fmt: skip
    size = 7 * min(1.0, ANNOTATED / max(rows, columns))
    up, across = best_replies(game, player).nonzero()
    axes.plot(across + 0.86, up + 0.18, "o", color="white", markeredgecolor="black", markersize=size)
    for a, b in zip(*part.stable.nonzero(), strict=True):
        corner = (float(b), float(a))
        axes.add_patch(Rectangle(corner, 1, 1, edgecolor="#d55e00", linewidth=3, fill=False, clip_on=False, zorder=3))
    axes.set(ylabel=f"{label(game.players[0], 24)} plays", xlabel=f"{label(game.players[1], 24)} plays")
    axes.tick_params(axis="x", rotation=35)
    axes.tick_params(axis="y", rotation=0)


PAYOFFS = Illustration(
    "Which reports pay?", data, payoff_heat_map, caption, finding, missing, kind="computed at the start"
)
