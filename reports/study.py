"""What a page is about: games of one scenario from the best to the worst, and the verdict on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.absent import Absent
from reports.games import Game
from simulate.contest import Contest


@dataclass(frozen=True)
class Study:
    """``rows`` and ``pairs`` are those of `simulate.contest.Contest.verdict`, recomputed from the parquet files."""

    contest: Contest
    games: tuple[Game, ...]  # in the order of rows
    rows: tuple[dict[str, Any], ...]
    pairs: tuple[dict[str, Any], ...]
    absent: tuple[Absent, ...] = ()  # runs that could not be read

    @property
    def replicates(self) -> int:
        """How many there were under the best mechanism; where `is_paired`, under every one."""
        return len(self.games[0].history.replicates)

    @property
    def sizes(self) -> dict[str, int]:
        """How many replicates there were, by mechanism."""
        return {game.name: len(game.history.replicates) for game in self.games}

    @property
    def is_paired(self) -> bool:
        """Whether every replicate met the same random numbers under all mechanisms."""
        return self.contest.is_paired

    @property
    def same_objective(self) -> bool:
        """Whether all mechanisms maximise the same, so that losses are in the same units."""
        return self.contest.same_objective

    @property
    def ranked_by(self) -> str:
        """The metric that orders the rows."""
        return self.contest.ranked_by

    def against_best(self) -> list[dict[str, Any]]:
        """The differences in which the first row takes part, of metrics that can be compared."""
        best = self.rows[0]["name"]
        return [pair for pair in self.pairs if best in (pair["better"], pair["worse"])]

    def comparable(self, metric: str) -> bool:
        """Whether the metric has the same units under every mechanism, and a better side."""
        return self.contest.comparable(metric)


def study_of(games: Sequence[Game], absent: Sequence[Absent] = ()) -> Study:
    """The only formulas are those of the comparison: metrics, interquartile means, bootstrap intervals, pairs."""
    by_name = {game.name: game for game in games}
    contest = Contest(
        {name: game.config for name, game in by_name.items()}, {name: game.history for name, game in by_name.items()}
    )
    verdict = contest.verdict()
    rows = verdict["mechanisms"]
    pairs = tuple({key: _no_nan(value) for key, value in pair.items()} for pair in verdict["paired"])
    return Study(contest, tuple(by_name[row["name"]] for row in rows), tuple(rows), pairs, tuple(absent))


def _no_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
