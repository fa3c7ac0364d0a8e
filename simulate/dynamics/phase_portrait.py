"""Phase portraits: the field of velocities on a square or a triangle, and the rest points in it, as tables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from simulate.dynamics.base import Dynamic
from simulate.dynamics.populations import Populations, State
from simulate.dynamics.rest_points import rest_points
from simulate.empirical.normal_form import Array, NormalForm

TRIANGLE = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(3) / 2]])  # where the three actions lie, side 1


@dataclass(frozen=True)
class PhasePortrait:
    """What a figure of the dynamic needs."""

    field: pd.DataFrame  # x, y, dx, dy, speed: a point of the grid, its velocity in the plane and that one's length
    rest: pd.DataFrame  # x, y, kind, regret: the rest points, and the most that a player would gain there
    corners: dict[str, tuple[float, float]]  # what the corners are: an action of the triangle, a profile of the square
    stopped: str | None = None


def phase_portrait(dynamic: Dynamic, game: NormalForm, resolution: int = 20, symmetric: bool = False) -> PhasePortrait:
    """Velocities on a grid of ``resolution`` steps a side.

    Two populations of two actions: the square, x and y the shares of each player's first action.  One population of
    three actions: the triangle of side 1 whose corners are `TRIANGLE`.  Raises ValueError for any other game.

    >>> from simulate.dynamics.replicator import Replicator
    >>> pennies = NormalForm.of([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])
    >>> portrait = phase_portrait(Replicator(), pennies, resolution=2)
    >>> portrait.field.shape, portrait.rest[portrait.rest.kind == "centre"][["x", "y"]].values.round(6)
    ((9, 5), array([[0.5, 0.5]]))
    """
    if resolution < 1:
        raise ValueError(f"resolution is {resolution!r}; at least 1 is expected")
    space = Populations(game, symmetric)
    steps = np.arange(resolution + 1) / resolution
    if space.sizes == (2, 2):
        x, y = (axis.ravel() for axis in np.meshgrid(steps, steps, indexing="ij"))
        state: State = (np.stack([x, 1 - x], -1), np.stack([y, 1 - y], -1))
    elif space.sizes == (3,):
        whole = np.indices((resolution + 1,) * 2).reshape(2, -1).T
        first, second = whole[whole.sum(1) <= resolution].T
        state = (np.stack([first, second, resolution - first - second], -1) / resolution,)
    else:
        raise ValueError(f"sizes are {space.sizes}; a portrait needs (2, 2), or 3 actions of a symmetric game")
    return _portrait(dynamic, space, state)


def _portrait(dynamic: Dynamic, space: Populations, state: State) -> PhasePortrait:
    place, velocity = _plane(state), _plane(space.velocity(dynamic, state))
    speed = np.hypot(*velocity.T)
    field = pd.DataFrame(np.column_stack([place, velocity, speed]), columns=["x", "y", "dx", "dy", "speed"])
    found = rest_points(dynamic, space.game, symmetric=space.symmetric)
    where = [_plane(tuple(x[None] for x in point.profile[: len(space.sizes)]))[0] for point in found.points]
    rest = pd.DataFrame(np.reshape(where, (-1, 2)), columns=["x", "y"])
    rest["kind"] = [point.kind for point in found.points]
    rest["regret"] = [float(point.regrets.max()) for point in found.points]
    return PhasePortrait(field, rest, _corners(space), found.stopped)


def _plane(state: State) -> Array:
    """Shares, or velocities, as points of the plane ``[S, 2]``."""
    return state[0] @ TRIANGLE if len(state) == 1 else np.stack([shares[..., 0] for shares in state], -1)


def _corners(space: Populations) -> dict[str, tuple[float, float]]:
    if space.symmetric:
        return {name: (float(x), float(y)) for name, (x, y) in zip(space.game.actions[0], TRIANGLE, strict=True)}
    rows, columns = space.game.actions
    return {f"{a}, {b}": (1.0 - i, 1.0 - j) for i, a in enumerate(rows) for j, b in enumerate(columns)}
