"""Every comparison of two mechanisms, and how sure one can be of it when so many were made."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from reports.numbers import number
from reports.study import Study
from simulate.improvement import improvement_interval
from simulate.metrics import METRICS
from simulate.significance import holm, shuffle_p, sign_flip_p, smallest_p

ALPHA = 0.05


@dataclass(frozen=True)
class Comparisons:
    """The pairs of a study, each with p-values and the interval of its probability of improvement."""

    study: Study

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The study's pairs in their order, with ``p, p_holm, improvement_low, improvement_high``."""
        sides = [self._sides(pair) for pair in self.study.pairs]
        p_values = self._p_values(sides)
        return [
            pair | {"p": p, "p_holm": adjusted, "improvement_low": _no_nan(low), "improvement_high": _no_nan(high)}
            for pair, p, adjusted, (low, high) in zip(
                self.study.pairs,
                map(_no_nan, p_values),
                map(_no_nan, holm(p_values)),
                [improvement_interval(a, b, self.study.is_paired) for a, b in sides],
                strict=True,
            )
        ]

    @property
    def made(self) -> int:
        """How many have a number."""
        return sum(row["p"] is not None for row in self.rows)

    def against_best(self) -> list[dict[str, Any]]:
        """Those in which the first mechanism takes part."""
        best = self.study.rows[0]["name"]
        return [row for row in self.rows if best in (row["better"], row["worse"])]

    def deciding(self) -> dict[str, Any] | None:
        """The one that the ranking rests on: the first two mechanisms, on the metric that ranks them."""
        names = {row["name"] for row in self.study.rows[:2]}
        found = (row for row in self.rows if {row["better"], row["worse"]} == names)
        return next((row for row in found if row["metric"] == self.study.ranked_by), None)

    def sentences(self) -> list[str]:
        """How many comparisons were made, how they were tested, what is left of them."""
        if not self.made:
            return ["Nothing is compared, so nothing is tested."]
        below = [sum(row[key] is not None and row[key] < ALPHA for row in self.rows) for key in ("p", "p_holm")]
        luck = f"{ALPHA * self.made:.2g} are to be expected by luck alone if no mechanism differs from another"
        return [
            f"{_count(self.made, 'comparison')} {'was' if self.made == 1 else 'were'} made: every pair of mechanisms "
            f"on every metric that both have in the same units. {self._test()}",
            f"Taken one by one, {below[0]} of {self.made} have p below {ALPHA}; {luck}. After Holm's adjustment, which "
            f"holds the chance of any false one at {ALPHA}, {below[1]} {'remains' if below[1] == 1 else 'remain'}.",
            *self._too_few(),
        ]

    def _test(self) -> str:
        if self.study.is_paired:
            return (
                "p-values are two-sided and of the mean difference: how often it would be as large if, in every "
                "replicate, either mechanism could as well have had the other's number (a sign-flip permutation test)."
            )
        return (
            "p-values are two-sided and of the difference of means: how often it would be as large if the replicates "
            "were dealt to the two mechanisms at random (a permutation test of unpaired samples)."
        )

    def _too_few(self) -> list[str]:
        pairs = self.study.replicates
        if not self.study.is_paired or self.made * smallest_p(pairs) < ALPHA:
            return []
        enough = math.floor(math.log2(self.made / ALPHA)) + 2
        return [
            f"With {_count(pairs, 'replicate')} no p-value can be below {number(smallest_p(pairs))}, so nothing could "
            f"have passed Holm's adjustment first; {enough} replicates are the fewest with which something could."
        ]

    def _sides(self, pair: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """The metric of the better and the worse, turned so that more is better."""
        metric = METRICS[pair["metric"]]
        sign = 1 if metric.better == "higher" else -1
        better, worse = (sign * metric.value(self.study.contest.histories[pair[key]]) for key in ("better", "worse"))
        return better, worse

    def _p_values(self, sides: list[tuple[np.ndarray, np.ndarray]]) -> list[float]:
        if not sides:
            return []
        if self.study.is_paired:
            return sign_flip_p(np.stack([a - b for a, b in sides], 1)).tolist()
        return [shuffle_p(a, b) for a, b in sides]


def _count(size: int, what: str) -> str:
    return f"{size:,} {what}{'s' if size != 1 else ''}"


def _no_nan(value: float) -> float | None:
    return None if math.isnan(value) else value
