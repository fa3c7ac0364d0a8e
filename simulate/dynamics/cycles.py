"""Cycles: does a path come round, how long does it take, and does it widen or die out?"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from simulate.dynamics.trajectory import Trajectory
from simulate.empirical.normal_form import Array

# Turns that swing by less are rounding, or the trembling of best response (its step, 0.01).
AMPLITUDE = 0.02
STEADY = 0.01  # relative change a turn within which length and swing count as constant
TURNS = 3  # upward passes that a cycle needs: two full turns, so that they can be compared


@dataclass(frozen=True)
class Cycles:
    """What the second half of each of S paths does; NaN where it does not come round."""

    period: Array  # [S], mean time of a turn, in the dynamic's unit
    stretch: Array  # [S], by what factor a turn takes longer than the one before; above 1 on the way to corners
    swing: Array  # [S], how far the most moving share swings in the last turn
    widening: Array  # [S], by what factor a turn swings wider than the one before; below 1 it dies out
    turns: Array  # [S], how many full turns were seen

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Which paths repeat themselves, to within `STEADY` a turn ``[S]``."""
        even = (np.abs(self.stretch - 1) <= STEADY) & (np.abs(self.widening - 1) <= STEADY)
        closed: NDArray[np.bool_] = even & (self.swing > AMPLITUDE)
        return closed


def cycles(path: Trajectory) -> Cycles:
    """Turns between upward passes of the most moving share through its mean, over the second half of the path.

    Passes are interpolated between the path's times, of which a turn should have twenty or more.  Factors a turn are
    geometric means over the turns seen.  Raises ValueError for a path of fewer than 8 times.

    >>> from simulate.dynamics.replicator import Replicator
    >>> from simulate.dynamics.trajectory import trajectory
    >>> from simulate.empirical.normal_form import NormalForm
    >>> pennies = NormalForm.of([[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]])
    >>> start = (np.array([0.51, 0.49]), np.array([0.5, 0.5]))
    >>> found = cycles(trajectory(Replicator(), pennies, start, 40, points=2001))
    >>> found.period.round(2)  # 2 pi about the centre
    array([6.28])
    """
    if len(path.times) < 8:
        raise ValueError(f"the path has {len(path.times)} times; at least 8 are expected")
    half = len(path.times) // 2
    flat = np.concatenate(path.states, axis=-1)[half:]
    most = np.ptp(flat, axis=0).argmax(-1)
    series = np.take_along_axis(flat, most[None, :, None], -1)[..., 0]  # [T / 2, S]
    rows = [_turns(path.times[half:], line) for line in series.T]
    return Cycles(*np.array(rows, dtype=np.float64).T)


def _turns(times: Array, line: Array) -> tuple[float, float, float, float, float]:
    """Period, stretch, swing, widening and number of turns of one share ``[T]``."""
    above = line - line.mean()
    at = np.flatnonzero((above[:-1] < 0) & (above[1:] >= 0))
    if len(at) < TURNS:
        return (np.nan, np.nan, np.nan, np.nan, max(len(at) - 1, 0))
    passes = times[at] - above[at] * (times[at + 1] - times[at]) / (above[at + 1] - above[at])
    lengths = np.diff(passes)
    swings = np.array([np.ptp(line[a : b + 2]) for a, b in pairwise(at)])
    return float(lengths.mean()), _factor(lengths), float(swings[-1]), _factor(swings), len(lengths)


def _factor(values: Array) -> float:
    return float((values[-1] / values[0]) ** (1 / (len(values) - 1)))
