"""What a page is about: games of one scenario from the best to the worst, and the verdict on them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from reports.games import Game
from simulate.contest import RANKED, Contest

OWN_UNITS = ("welfare_loss", "objective", "divergence")  # in units of the objective that the mechanism maximises


@dataclass(frozen=True)
class Study:
    """``rows`` and ``pairs`` are those of `simulate.contest.Contest.verdict`, recomputed from the parquet files."""

    games: tuple[Game, ...]  # in the order of rows
    rows: tuple[dict[str, Any], ...]
    pairs: tuple[dict[str, Any], ...]

    @property
    def replicates(self) -> int:
        """How many there were, the same in every game."""
        return len(self.games[0].history.replicates)

    @property
    def same_objective(self) -> bool:
        """Whether all mechanisms maximise the same; only then can `OWN_UNITS` be compared."""
        return one_objective(self.games)

    @property
    def ranked_by(self) -> str:
        """The metric that orders the rows."""
        return RANKED if self.same_objective else "social_welfare"

    def against_best(self) -> list[dict[str, Any]]:
        """The paired differences in which the first row takes part, of metrics that can be compared."""
        best = self.rows[0]["name"]
        return [p for p in self.pairs if best in (p["better"], p["worse"]) and self.comparable(p["metric"])]

    def comparable(self, metric: str) -> bool:
        """Whether the metric has the same units under every mechanism."""
        return self.same_objective or metric not in OWN_UNITS


def study_of(games: Sequence[Game]) -> Study:
    """The only formulas are those of the comparison: metrics, interquartile means, bootstrap intervals, pairs."""
    by_name = {game.name: game for game in games}
    contest = Contest(
        {name: game.config for name, game in by_name.items()}, {name: game.history for name, game in by_name.items()}
    )
    verdict = contest.verdict()
    rows = verdict["mechanisms"]
    if not one_objective(games):
        rows.sort(key=lambda row: -row["metrics"]["social_welfare"]["mean"])
    pairs = tuple({key: _no_nan(value) for key, value in pair.items()} for pair in verdict["paired"])
    return Study(tuple(by_name[row["name"]] for row in rows), tuple(rows), pairs)


def one_objective(games: Sequence[Game]) -> bool:
    """Whether all games maximise the same, so that losses are in the same units."""
    return len({repr((game.recipe.training, game.recipe.divergence, game.recipe.beta)) for game in games}) == 1


def _no_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
