"""Whose presence costs whom?  Every agent is left out in turn, at the truth, before anybody plays."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pandas as pd
import torch
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from mechanisms.base import valuations
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.training_rules.social_welfare import SocialWelfare
from reports.figures.base import STYLE, Games, Illustration, colours, trained_to_the_end
from reports.games import Game
from reports.numbers import number
from reports.settled import MOST_AGENTS
from reports.text import label, listed
from simulate.adapters.tuned import at_the_optimum
from simulate.errors import BadInput
from simulate.scenario import Scenario, build

FAINT = 0.02  # edges below this share of the largest one are not drawn
FEW_AGENTS = 5  # up to here two graphs fit side by side, and arrows have room for numbers
MOST_PANELS = 4


def costs(scenario: Scenario) -> tuple[Tensor, Tensor]:
    """v_j(policy without i) - v_j(policy with everyone) ``[n, n]``, 0 on the diagonal; and the VCG payments ``[n]``.

    Payments are NaN under rules other than welfare maximisation, which have none in units of utility.
    """
    train, reference, truth = scenario.mechanism.train, scenario.reference, scenario.truth
    with torch.no_grad():
        policy = train(reference, truth)
        without = valuations(reference, truth, train(reference, truth.others()))[:, 0]
        cost = (without - valuations(reference, truth, policy)[0]).fill_diagonal_(0.0)
        if not isinstance(train, SocialWelfare):
            return cost, torch.full_like(cost[0], float("nan"))
        return cost, affine_maximizer(train, reference, truth, policy)[0]


def data(games: Games) -> pd.DataFrame:
    """``training, source, target, cost, source_vcg_payment``: a negative cost is a benefit."""
    rows = []
    for title, game in _panels(games).items():
        names = game.history.agents
        cost, payments = (found.tolist() for found in costs(_built(game)))
        for i, source in enumerate(names):
            for j, target in enumerate(names):
                if i != j:
                    rows.append((title, source, target, cost[i][j], payments[i]))
    columns = ["training", "source", "target", "cost", "source_vcg_payment"]
    return pd.DataFrame(rows, columns=columns).astype({"cost": float, "source_vcg_payment": float})


def externalities(games: Games) -> Figure:
    """Arrows from those who cost to those who bear it; a node is as large as the VCG payment of its agent."""
    panels = _panels(games)
    few = len(games[0].history.agents) <= FEW_AGENTS
    across = min(len(panels), 2 if few else 1)
    down = -(-len(panels) // across)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, (4.9 if few and across == 1 else 4.0 if few else 6.4) * down), layout="constrained")
        grid = figure.subplots(down, across, squeeze=False).ravel()
        for axes in grid:
            axes.set_axis_off()
        for axes, (title, game) in zip(grid, panels.items(), strict=False):
            cost, payments = costs(_built(game))
            _draw(axes, [label(name, 18) for name in game.history.agents], cost.numpy(), payments.numpy())
            if len(panels) > 1:
                axes.set_title(title)
    return figure


def caption(games: Games) -> str:
    """What an arrow is worth, and what is not drawn."""
    return (
        "Computed, not played: everybody tells the truth, replicate 0, before the first round. An arrow from i to j is "
        "what j would gain if i were absent (thicker is more); a node grows with the VCG payment "
        "of its agent, where training maximises welfare. "
        f"Benefits (negative costs) are in the table; arrows below {FAINT:.0%} of the largest are not drawn."
        f"{trained_to_the_end(games)}"
    )


def finding(games: Games) -> str:
    """The largest cost."""
    frame = data(games)
    worst = frame.iloc[int(frame["cost"].fillna(0.0).argmax())]
    if not worst.cost > 0:
        return "Nobody's presence costs anybody else anything."
    return f"The largest cost is {number(float(worst.cost))}, from {worst.source} on {worst.target}."


def missing(games: Games) -> str | None:
    """Crowds and single agents are not drawn, nor what cannot be built here."""
    n = len(games[0].history.agents)
    if n > MOST_AGENTS:
        return f"Not drawn: the graph is legible for {MOST_AGENTS} agents at most, and there are {n:,}."
    if n == 1:
        return "Not drawn: there is only one agent."
    try:
        for game in _panels(games).values():
            _built(game)
    except (BadInput, OSError) as error:
        return f"Not drawn: {error}."
    return None


def _panels(games: Games) -> dict[str, Game]:
    """One game for each different training rule, the first few; payments do not matter here."""
    found: dict[str, tuple[Game, list[str]]] = {}
    for game in games:
        key = repr((game.recipe.but(payment="", summary=""), game.config.reference, game.config.agents))
        found.setdefault(key, (game, []))[1].append(game.name)
    return {label(f"training of {listed(names)}", 60): game for game, names in list(found.values())[:MOST_PANELS]}


def _built(game: Game) -> Scenario:
    return build(at_the_optimum(game.config), "config.toml", [0])


def _draw(axes: Axes, names: list[str], cost: np.ndarray, payments: np.ndarray) -> None:
    largest = float(np.nanmax(cost, initial=0.0))
    scale = float(np.nanmax(np.where(np.isfinite(payments), payments, 0.0), initial=0.0)) or 1.0
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(names)))
    graph.add_weighted_edges_from(
        (i, j, float(cost[i, j])) for i, j in np.argwhere(cost > max(FAINT * largest, 1e-9)).tolist()
    )
    places = nx.circular_layout(graph)
    size = min(1.0, 6 / len(names))
    sizes = [size * (350 + 1500 * max(0.0, float(p) / scale if np.isfinite(p) else 0.0)) for p in payments]
    widths = [0.8 + 4.5 * weight / largest for _, _, weight in graph.edges.data("weight")]
    bend = "arc3,rad=0.18"
    nx.draw_networkx_nodes(graph, places, ax=axes, node_size=sizes, node_color=[colours(1)[0]], edgecolors="white")
    nx.draw_networkx_edges(
        graph, places, ax=axes, width=widths, node_size=sizes, edge_color="#777777", connectionstyle=bend,
        arrowsize=16,
    )  # fmt: skip
    if graph.number_of_edges() and len(names) <= FEW_AGENTS:
        numbers = {(i, j): f"{weight:.3g}" for i, j, weight in graph.edges.data("weight")}
        nx.draw_networkx_edge_labels(
            graph, places, numbers, ax=axes, connectionstyle=bend, font_size=9, rotate=False, label_pos=0.35,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0},
        )  # fmt: skip
    for node, (x, y) in places.items():
        away = np.sqrt(sizes[node]) / 2 + 4  # points from the centre of the node
        across = "center" if abs(x) <= 0.15 else "left" if x > 0 else "right"
        up = "center" if abs(y) <= 0.15 else "bottom" if y > 0 else "top"
        bill = f"\npays {number(float(payments[node]))}" if np.isfinite(payments[node]) else ""
        axes.annotate(
            names[node] + bill, (x, y), (away * x, away * y), textcoords="offset points", ha=across, va=up, fontsize=10
        )
    axes.set(xlim=(-2.1, 2.1), ylim=(-1.6, 1.6))
    axes.set_aspect("equal")


EXTERNALITIES = Illustration(
    "Whose presence costs whom?", data, externalities, caption, finding, missing, kind="computed at the truth"
)
