"""An experiment: many random games at once in, curves with intervals and sentences with numbers out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd
from torch import Tensor

from simulate.statistics import mean_intervals, wilson

# exact: worked out to rounding in every game.  measured: found by a search, which is a lower bound, or from samples or
# play.  derived: a formula or bound of ours, drawn beside what it speaks of.
Status = Literal["exact", "measured", "derived"]


@dataclass(frozen=True)
class Point:
    """A mean over games with its 95 % bootstrap interval."""

    quantity: str
    series: str
    x: float
    value: float
    low: float
    high: float
    games: int  # that the mean is over; those in which it is not a number are left out
    status: Status

    def __str__(self) -> str:
        """
        >>> str(Point("gain", "vcg", 1, 0.123456, 0.1, 0.15, 9, "exact"))
        '0.123 [0.1, 0.15]'
        """
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


@dataclass(frozen=True)
class Found:
    """What an experiment found: its curves, and what a researcher would quote of them."""

    points: tuple[Point, ...]
    verdicts: tuple[str, ...]
    games: int

    def at(self, quantity: str, series: str, x: float) -> Point:
        """One point.  Raises LookupError where there is none."""
        for point in self.points:
            if (point.quantity, point.series, point.x) == (quantity, series, x):
                return point
        raise LookupError(f"no point at {x} of {series!r} in {quantity!r}")

    def frame(self) -> pd.DataFrame:
        """Tidy: ``quantity, series, x, value, low, high, games, status``."""
        return pd.DataFrame([asdict(point) for point in self.points])


@dataclass(frozen=True)
class Experiment:
    """What is measured, and what of it is said."""

    question: str
    setting: str  # in a sentence: what is drawn, and from what
    measure: Callable[[int, int], list[Point]]  # (seed, games)
    said: Callable[[Found], tuple[str, ...]]  # of curves alone: no number that is not in them
    games: int  # by default

    def run(self, seed: int, games: int) -> Found:
        """The same seed gives the same numbers, and more games begin with the same ones."""
        return self.told(self.measure(seed, games), games)

    def told(self, points: Sequence[Point], games: int) -> Found:
        """Curves with the sentences about them."""
        silent = Found(tuple(points), (), games)
        return replace(silent, verdicts=self.said(silent))


Interval = Callable[[np.ndarray], tuple[float, float]]


def resampled(values: np.ndarray) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of the mean."""
    low, high = mean_intervals(values[:, None])
    return float(low[0]), float(high[0])


def counted(values: np.ndarray) -> tuple[float, float]:
    """Wilson's 95 % interval of a share of games, each 0 or 1: not empty where all games agree."""
    return wilson(int(values.sum()), len(values))


def ratio(values: Tensor, units: Tensor) -> Tensor:
    """``[B]``, whose mean is sum values / sum units, and whose spread is that ratio's: R + (v - R u) / mean u.

    The linearised ratio estimator (Cochran 1977, "Sampling techniques", section 2.11): an interval of its mean knows
    that value and unit come from the same game.
    """
    whole = values.sum() / units.sum()
    return whole + (values - whole * units) / units.mean()


def curve(
    quantity: str,
    series: str,
    x: Sequence[float],
    values: Sequence[Tensor | np.ndarray],
    status: Status,
    interval: Interval = resampled,
) -> list[Point]:
    """Means over games of ``values[k] [B]`` at ``x[k]``, each with its interval."""
    points = []
    for place, each in zip(x, values, strict=True):
        seen = np.asarray(each, dtype=np.float64)
        seen = seen[~np.isnan(seen)]
        numbers = (float(seen.mean()), *interval(seen)) if len(seen) else (float("nan"),) * 3
        points.append(Point(quantity, series, float(place), *numbers, len(seen), status))
    return points
