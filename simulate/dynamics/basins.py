"""Basins of attraction: what share of random starts ends where."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

from simulate.dynamics.base import Dynamic, Imitative, Stepwise
from simulate.dynamics.populations import Populations
from simulate.dynamics.rest_points import polished, resting
from simulate.dynamics.trajectory import Trajectory, trajectory
from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.empirical.regret import regrets
from simulate.statistics import wilson

# Time in 1 / span or in revisions: where actions differ by a hundredth of the span, a share falls by e^-10 meanwhile.
HORIZON = 1000.0
# Steps of a stepwise dynamic: fictitious play closes in like 1 / sqrt(rounds), in rock-paper-scissors to about 0.015.
STRIDES = 5000
POINTS = 101
TAIL = 0.2  # of the time: a start has settled if it stays where it ends for as long
NEAR = 0.02  # shares that count as the same place; best response trembles by 0.014 in rock-paper-scissors
# An imitative path lingers at corners it will leave; it has settled only if no action that is present, however rare,
# still grows faster than this part of the span.
GROWING = 1e-3


@dataclass(frozen=True)
class Basin:
    """A place where play settles."""

    profile: Profile  # one mixture a player
    share: float  # of the starts
    low: float  # Wilson's interval of that share at 95 %
    high: float
    width: float  # the largest difference between two of its ends; above `NEAR` it is a set of rest points
    regrets: Array  # [n], of the profile


@dataclass(frozen=True)
class Basins:
    """Where the starts ended, the largest basin first, and how many did not settle."""

    basins: tuple[Basin, ...]
    unsettled: float  # share of the starts that kept moving
    low: float
    high: float
    starts: int
    stopped: str | None = None


def basins(
    dynamic: Dynamic,
    game: NormalForm,
    starts: int = 400,
    seed: int = 0,
    duration: float | None = None,
    symmetric: bool = False,
) -> Basins:
    """Follow starts drawn evenly from the simplices, and group those that settle by where they do.

    Ends nearer than `NEAR` in every share are one basin, chains of them too, and so are rest points with nothing but
    rest between them: a continuum is one basin.  Its profile is the end in its midst, moved by Newton's method to the
    exact rest point where one is that near.  Time is in the dynamic's own unit, `HORIZON` or `STRIDES` unless told.
    Raises ValueError for less than one start.

    >>> from simulate.dynamics.replicator import Replicator
    >>> hunt = NormalForm.of([[[4, 0], [3, 3]], [[4, 3], [0, 3]]])  # alone, the line divides at 3/4
    >>> [round(basin.share, 1) for basin in basins(Replicator(), hunt, symmetric=True).basins]
    [0.8, 0.2]
    """
    if starts < 1:
        raise ValueError(f"starts is {starts!r}; at least 1 is expected")
    space = Populations(game, symmetric)
    if duration is None:
        duration = STRIDES * dynamic.stride if isinstance(dynamic, Stepwise) else HORIZON / space.unit(dynamic)
    first = space.drawn(starts, np.random.default_rng(seed))
    path = trajectory(dynamic, game, first, duration, POINTS, symmetric)
    settled = np.zeros(starts, dtype=bool) if path.stopped else _settled(dynamic, space, path)
    ends = space.flat(path.end)[settled]
    found = [_basin(dynamic, space, ends[group], starts) for group in _places(dynamic, space, ends)]
    rest = starts - int(settled.sum())
    found.sort(key=lambda basin: -basin.share)
    return Basins(tuple(found), rest / starts, *wilson(rest, starts), starts, path.stopped)


def _settled(dynamic: Dynamic, space: Populations, path: Trajectory) -> NDArray[np.bool_]:
    flat = space.flat(path.states)
    tail = flat[path.times >= (1 - TAIL) * path.times[-1]]
    still = (np.ptp(tail, axis=0) <= NEAR).all(-1)
    if not isinstance(dynamic, Imitative):
        return still
    growth = [dynamic.growth(x, u) for x, u in zip(path.end, space.values(path.end), strict=True)]
    return still & (space.flat(tuple(growth)).max(-1) <= GROWING * space.scale)


def _places(dynamic: Dynamic, space: Populations, ends: Array) -> list[NDArray[np.intp]]:
    """The rows of ``ends [S, D]`` that are one basin each."""
    if not len(ends):
        return []
    chains = _linked(scipy.spatial.distance.cdist(ends, ends, "chebyshev") <= NEAR)
    middles = np.concatenate([_middle(dynamic, space, ends[chain]) for chain in chains])
    # Two points of the line between, and none half-way: there even separate equilibria may have a third.
    between = (t * middles[:, None] + (1 - t) * middles[None] for t in (0.3, 0.55))
    still = [resting(dynamic, space, line.reshape(-1, line.shape[-1])).reshape(line.shape[:2]) for line in between]
    return [np.concatenate([chains[i] for i in place]) for place in _linked(still[0] & still[1])]


def _linked(near: NDArray[np.bool_]) -> list[NDArray[np.intp]]:
    count, label = scipy.sparse.csgraph.connected_components(near, directed=False)
    return [np.flatnonzero(label == i) for i in range(count)]


def _middle(dynamic: Dynamic, space: Populations, ends: Array) -> Array:
    """The end nearest to their mean ``[1, D]``, at rest if it can be."""
    middle = ends[np.abs(ends - ends.mean(0)).max(-1).argmin()][None]
    exact = polished(dynamic, space, middle)
    return exact.clip(min=0) if np.abs(exact - middle).max() <= NEAR and resting(dynamic, space, exact)[0] else middle


def _basin(dynamic: Dynamic, space: Populations, ends: Array, starts: int) -> Basin:
    profile = space.profile(space.state(_middle(dynamic, space, ends)), 0)
    width = float(np.ptp(ends, axis=0).max())
    return Basin(profile, len(ends) / starts, *wilson(len(ends), starts), width, regrets(space.game, profile))
