"""Following logit play from a prior at no precision to an equilibrium at growing precision: any number of players.

Definitions.  At precision L, x_ia is proportional to q_ia exp(L u_i(a, x_{-i})).  At L = 0 play is the prior q; as L
grows without bound, limits of such x are Nash equilibria (McKelvey and Palfrey 1995, theorem 2).  The solutions (x, L)
hold, for almost every prior, a smooth path from (q, 0) that leads there, though L may fall on the way.  Coordinates are
log-probabilities, so that actions which die out stay numbers (Turocy 2005).
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.equilibria.solvers.clock import Clock
from simulate.equilibria.solvers.polish import polished, values_and_slopes

FIRST_STEP, LEAST_STEP = 0.05, 1e-9  # of arc length, in logarithms and units of L
GROWTH, STRAIGHT = 1.6, 0.9  # the step grows while the cosine between two tangents is above STRAIGHT
CORRECTIONS, CLOSE = 6, 1e-9  # Newton steps back to the path, and how near is on it
FIRST_TRY, BETWEEN_TRIES = 4.0, 1.5  # at which L, payoffs in [0, 1], and how often to look for the equilibrium nearby
PRECISE = 1e7  # an L at which mistakes are far below any tolerance: the path has led nowhere


def logit_tracing(game: NormalForm, prior: Profile, clock: Clock) -> Profile | None:
    """An equilibrium of a ``scaled`` game at the end of the path from ``prior``.

    None if the path breaks off, as it may where a symmetric game meets a symmetric prior, or if time runs out.
    """
    due = FIRST_TRY
    for point in path(game, prior, clock):
        if point[-1] >= due:
            due = max(point[-1], due) * BETWEEN_TRIES
            found = polished(game, _profile(game, point))
            if found is not None:
                return found
        if point[-1] > PRECISE:
            return None
    return None


def path(game: NormalForm, prior: Profile, clock: Clock) -> Iterator[Array]:
    """Points (log x, L) of the path by pseudo-arclength continuation (Allgower and Georg 1990, chapter 6)."""
    logs = np.log(np.concatenate(prior))
    point = np.append(logs, 0.0)
    tangent = np.append(np.zeros(len(logs)), 1.0)
    _, slope = _equations(game, logs, point)
    tangent, length = _tangent(slope, tangent), FIRST_STEP
    while length > LEAST_STEP and not clock.out:
        ahead = _corrected(game, logs, point + length * tangent, tangent)
        if ahead is None:
            length /= 2
            continue
        turned = _tangent(ahead[1], tangent)
        if turned @ tangent < STRAIGHT:
            length /= 2
            continue
        point, tangent, length = ahead[0], turned, length * GROWTH
        yield point


def _corrected(game: NormalForm, logs: Array, point: Array, tangent: Array) -> tuple[Array, Array] | None:
    """The path's point in the plane across ``tangent``, and the equations' slope there."""
    before = np.inf
    for _ in range(CORRECTIONS):
        if point[:-1].max() > 1:  # a probability above e is a wild step; left alone it would overflow
            return None
        missed, slope = _equations(game, logs, point)
        size = abs(missed).max()
        if size < CLOSE * max(1.0, point[-1]):
            return point, slope
        if not size < before:
            return None
        before = size
        try:
            point = point - np.linalg.solve(np.vstack([slope, tangent]), np.append(missed, 0.0))
        except np.linalg.LinAlgError:
            return None
    return None


def _tangent(slope: Array, before: Array) -> Array:
    """The unit vector along the path that goes on in the direction of ``before``."""
    try:
        along = np.linalg.solve(np.vstack([slope, before]), np.append(np.zeros(len(slope)), 1.0))
    except np.linalg.LinAlgError:  # exactly across: the least singular vector is along the path all the same
        along = np.linalg.svd(slope)[2][-1]
    along = along / np.linalg.norm(along)
    return along if along @ before >= 0 else -along


def _equations(game: NormalForm, logs: Array, point: Array) -> tuple[Array, Array]:
    """What is missed ``[sum A]`` at (log x, L), and its derivatives ``[sum A, sum A + 1]``.

    Of each player: sum_a x_ia - 1, then log x - log q - L u of each action minus the same of the action before.
    """
    x = np.exp(point[:-1])
    values, slopes = values_and_slopes(game, tuple(np.split(x, np.cumsum(game.sizes)[:-1])))
    chain = _differences(game.sizes)
    owner = np.repeat(np.eye(game.n), game.sizes, axis=0).T
    first = np.concatenate([[0], np.cumsum(game.sizes)[:-1]])
    missed = chain @ (point[:-1] - logs - point[-1] * values)
    missed[first] = owner @ x - 1
    slope = np.hstack([chain - point[-1] * (chain @ slopes) * x, -(chain @ values)[:, None]])
    slope[first, :-1], slope[first, -1] = owner * x, 0.0
    return missed, slope


def _differences(sizes: tuple[int, ...]) -> Array:
    """Each action minus the one before, within each player; the first rows are for others to fill."""
    chain = np.eye(sum(sizes)) - np.eye(sum(sizes), k=-1)
    chain[np.concatenate([[0], np.cumsum(sizes)[:-1]])] = 0
    return chain


def _profile(game: NormalForm, point: Array) -> Profile:
    parts = np.split(np.exp(point[:-1]), np.cumsum(game.sizes)[:-1])
    return tuple(part / part.sum() for part in parts)
