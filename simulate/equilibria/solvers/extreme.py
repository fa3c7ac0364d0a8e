"""All extreme equilibria of two players: completely labelled pairs of vertices of the best-reply polytopes.

Words and labels as in ``lemke_howson.py``.  In a degenerate game equilibria come in convex sets X x Y; their corners,
the extreme equilibria, are exactly the completely labelled pairs, once a vertex is given *all* labels that bind there
(Winkels 1979; Mangasarian 1964).
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
import scipy

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.equilibria.solvers.clock import Clock

BINDING = 1e-8  # slack of an inequality of numbers near 1 that counts as none: rounding of a hull in ten dimensions
SINGULAR = 1e7  # condition of systems whose corners are right to a tenth of `BINDING`; others are taken for dependent
SAME = 1e-7  # two vertices nearer than this are one
MOST_NUMBERS = 500_000  # facets x coordinates before another point, which may multiply them, is added: seconds
CHUNK = 512  # vertices that are matched at once, between two looks at the clock


class TooMany(ValueError):
    """More vertices than can be enumerated; the message is a sentence."""


def extreme(game: NormalForm, clock: Clock) -> Iterator[Profile]:
    """The extreme equilibria of a ``scaled`` game, in the order of player 1's vertices; fewer if time runs out.

    Raises TooMany.
    """
    own, other = 1 + game.payoffs[0], 1 + game.payoffs[1]
    x, y = vertices(other, clock), vertices(own.T, clock)
    if x is None or y is None:
        return
    unlabelled_x = np.hstack([x > BINDING, 1 - x @ other > BINDING]).astype(np.float32)
    unlabelled_y = np.hstack([1 - y @ own.T > BINDING, y > BINDING]).astype(np.float32)
    for start in range(0, len(x), CHUNK):
        if clock.out:
            return
        lacking = unlabelled_x[start : start + CHUNK] @ unlabelled_y.T
        for a, b in np.argwhere(lacking == 0):
            if clock.out:
                return
            yield x[start + a] / x[start + a].sum(), y[b] / y[b].sum()


def vertices(table: Array, clock: Clock) -> Array | None:
    """The corners of {x >= 0, table' x <= 1} but 0, for a positive table ``[m, n]``: ``[V, m]``; None if time ran out.

    Facets of the hull of the polar points a / (b - a' c) of inequalities a' x <= b, seen from a point c inside.
    """
    m, n = table.shape
    if m == 1:
        return np.array([[1 / table.max()]])
    centre = np.full(m, 1 / (2 * m * table.max()))
    normals = np.vstack([-np.eye(m), table.T])
    bounds = np.concatenate([np.zeros(m), np.ones(n)])
    corners: Array | None
    try:
        facets = _hull(normals / (bounds - normals @ centre)[:, None], clock)
        if facets is None:
            return None
        corners = centre - facets[:, :-1] / facets[:, -1:]
    except scipy.spatial.QhullError:  # so many inequalities meet in one point that the hull's facets come out wide
        corners = _solutions(normals, bounds, clock)
    return None if corners is None else _distinct(corners[abs(corners).max(1) > SAME])


def _solutions(normals: Array, bounds: Array, clock: Clock) -> Array | None:
    """The same corners with 0 as the feasible solutions of m binding inequalities, all choices of them tried."""
    found = []
    choices = combinations(range(len(normals)), normals.shape[1])
    while some := list(islice(choices, CHUNK)):
        if clock.out:
            return None
        rows = np.array(some)
        regular = np.linalg.cond(normals[rows]) < SINGULAR
        corners = np.linalg.solve(normals[rows[regular]], bounds[rows[regular]][..., None])[..., 0]
        found.append(corners[(corners @ normals.T <= bounds + BINDING).all(1)])
    return np.concatenate(found)


def _hull(points: Array, clock: Clock) -> Array | None:
    """Equations of the facets: ``[facets, m + 1]``; points come one by one, so that the clock can be asked."""
    dimension = points.shape[1]
    hull = scipy.spatial.ConvexHull(points[: dimension + 1], incremental=True)
    for point in points[dimension + 1 :]:
        if clock.out:
            return None
        if hull.equations.size > MOST_NUMBERS:
            raise TooMany(
                f"the best-reply polytopes have more than {len(hull.equations):,} vertices; ask for nash instead"
            )
        hull.add_points(point[None])
    return np.asarray(hull.equations)


def _distinct(corners: Array) -> Array:
    """One of each, sorted so that the first coordinates are largest first."""
    _, first = np.unique(np.round(corners / SAME), axis=0, return_index=True)
    return corners[first[::-1]]
