"""Where a dynamic leads from given starting points: paths on the simplices, all starting points at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy

from simulate.dynamics.base import Dynamic, Imitative, Stepwise
from simulate.dynamics.populations import Populations, State
from simulate.empirical.normal_form import Array, NormalForm, Profile

# Relative and absolute error a step, of shares or, for imitative dynamics, of their logarithms.  At 1e-9 the paths of
# rock-paper-scissors keep their constant of motion to about 1e-7 over a hundred rounds; eighth order makes it cheap.
ERROR = 1e-9
# Where the velocity has kinks no high order helps, and each costs steps: a lower order and this error are 50 times
# faster with 400 starts, and off by about 1e-5 after a hundred time units of rock-paper-scissors.
KINKED_ERROR = 1e-7
MOST_STEPS = 20_000  # adaptive steps, six or twelve evaluations each: seconds for hundreds of starting points
MOST_STRIDES = 250_000  # equal steps, one evaluation each


@dataclass(frozen=True)
class Trajectory:
    """Paths from S starting points at T times, the first of them the start."""

    times: Array  # [T], as far as the solver came
    states: State  # [T, S, A_i] for each population, on the simplices
    drift: float  # the most that any share or any sum was off the simplex before it was put back
    stopped: str | None = None  # one sentence, if the path ends early

    @property
    def end(self) -> State:
        """The last state ``[S, A_i]``."""
        return tuple(shares[-1] for shares in self.states)


Paths = tuple[Array, list[Array], str | None]  # times [T], flat states [S, D] at each, why it stopped


def trajectory(
    dynamic: Dynamic,
    game: NormalForm,
    start: Profile,
    duration: float,
    points: int = 101,
    symmetric: bool = False,
) -> Trajectory:
    """The paths of ``start`` ([A_i] or [S, A_i] for each population) through ``points`` times from 0 to duration.

    Dormand and Prince's pair of order 8 for smooth dynamics (`ERROR`), of order 5 for kinked ones (`KINKED_ERROR`),
    its steps adapted to the joint error of all starts; imitative dynamics move log shares, so that what is nearly
    extinct can return; stepwise ones make their own steps, the times then being whole steps.  Time is in the
    dynamic's own unit.  Raises ValueError for a duration or a number of points that make no path, and for a start
    that is not on the simplices.

    >>> from simulate.dynamics.replicator import Replicator
    >>> dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    >>> path = trajectory(Replicator(), dilemma, (np.array([0.9, 0.1]), np.array([0.5, 0.5])), 20)
    >>> path.end[0].round(6)
    array([[0., 1.]])
    """
    if not 0 < duration < math.inf:
        raise ValueError(f"duration is {duration!r}; a finite number above 0 is expected")
    if points < 2:
        raise ValueError(f"points is {points!r}; at least 2 are expected")
    space = Populations(game, symmetric)
    first = space.flat(_checked(space, start))
    times = np.linspace(0.0, duration, points)
    if isinstance(dynamic, Stepwise):
        found = _strides(dynamic, dynamic, space, first, times)
    elif isinstance(dynamic, Imitative):
        found = _logarithmic(dynamic, space, first, times)
    else:
        found = _adaptive(
            lambda flat: space.flat(space.velocity(dynamic, space.state(flat))), first, times, dynamic.smooth
        )
    return _simplices(space, *found)


def _checked(space: Populations, start: Profile) -> State:
    state = tuple(np.atleast_2d(np.asarray(shares, dtype=np.float64)) for shares in start)
    if tuple(shares.shape[-1] for shares in state) != space.sizes or len({len(shares) for shares in state}) != 1:
        raise ValueError(
            f"start has shapes {[np.shape(x) for x in start]}; [S, A_i] for A_i in {space.sizes} is expected"
        )
    if not all((shares >= 0).all() and np.allclose(shares.sum(-1), 1, rtol=0, atol=1e-6) for shares in state):
        raise ValueError("start is off the simplices; shares of at least 0 that sum to 1 are expected")
    return tuple(shares / shares.sum(-1, keepdims=True) for shares in state)


def _logarithmic(dynamic: Imitative, space: Populations, first: Array, times: Array) -> Paths:
    present = first > 0  # a share of 0 stays 0, and its logarithm is left out

    def shares(logs: Array) -> Array:
        weights = [np.exp(x - x.max(-1, keepdims=True)) for x in space.state(np.where(present, logs, -np.inf))]
        return space.flat(tuple(x / x.sum(-1, keepdims=True) for x in weights))

    def growth(logs: Array) -> Array:
        state = space.state(shares(logs))
        rates = (dynamic.growth(x, u) for x, u in zip(state, space.values(state), strict=True))
        return np.where(present, space.flat(tuple(rates)), 0.0)

    reached, paths, stopped = _adaptive(growth, np.log(np.where(present, first, 1.0)), times, smooth=True)
    return reached, [shares(logs) for logs in paths], stopped


def _adaptive(field: Callable[[Array], Array], first: Array, times: Array, smooth: bool) -> Paths:
    # The solver bounds the root mean square over all starts; dividing by the root of their number bounds each one's.
    error = max((ERROR if smooth else KINKED_ERROR) / math.sqrt(len(first)), 1e-13)
    solver = (scipy.integrate.DOP853 if smooth else scipy.integrate.RK45)(
        lambda _, y: field(y.reshape(first.shape)).ravel(), 0.0, first.ravel(), times[-1], rtol=error, atol=error
    )
    paths, message = [first], None
    for _ in range(MOST_STEPS):
        message = solver.step()
        if solver.status == "failed":
            break
        passed = times[len(paths) : np.searchsorted(times, solver.t, side="right")]
        if len(passed):
            paths.extend(solver.dense_output()(passed).T.reshape(-1, *first.shape))
        if solver.status == "finished":
            return times, paths, None
    why = (message or f"{MOST_STEPS} steps were not enough").rstrip(".")
    return times[: len(paths)], paths, f"the path ends at time {solver.t:.6g} of {times[-1]:.6g}: {why}"


def _strides(dynamic: Dynamic, steps: Stepwise, space: Populations, first: Array, times: Array) -> Paths:
    marks = np.unique(np.ceil(times / steps.stride - 1e-9).astype(int))  # whole steps; 1e-9 forgives the division
    flat, paths = first, [first]

    def velocity(flat: Array) -> Array:
        return space.flat(space.velocity(dynamic, space.state(flat)))

    for step in range(min(int(marks[-1]), MOST_STRIDES)):
        weight = steps.weight(step)
        seen = flat + weight * velocity(flat) if steps.foresight else flat
        flat = flat + weight * (seen + velocity(seen) - flat)
        if step + 1 == marks[len(paths)]:
            paths.append(flat)
    reached = marks[: len(paths)] * steps.stride
    if len(paths) == len(marks):
        return reached, paths, None
    return reached, paths, f"the path ends at time {reached[-1]:.6g} of {times[-1]:.6g}: {MOST_STRIDES} steps are made"


def _simplices(space: Populations, times: Array, paths: list[Array], stopped: str | None) -> Trajectory:
    raw = space.state(np.stack(paths))
    clipped = tuple(shares.clip(min=0) for shares in raw)
    drift = max(max(float(-x.min()), float(np.abs(x.sum(-1) - 1).max())) for x in raw)
    return Trajectory(times, tuple(x / x.sum(-1, keepdims=True) for x in clipped), max(drift, 0.0), stopped)
