"""One row per run, sorted by run key: the table that a sweep is for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from simulate.metrics import METRICS
from simulate.store import mechanism_name
from simulate.sweeps.ledger import Entry
from simulate.sweeps.points import Point


def results(points: Sequence[Point], replicates: int, entries: Mapping[str, Entry]) -> pd.DataFrame:
    """``run_key, game, replicate, scenario, mechanism, what varies..., state, failure``, and a column a metric."""
    games = {point.game: point for point in points}
    known = [
        entry for _, entry in sorted(entries.items()) if game_of(entry) in games and replicate_of(entry) < replicates
    ]
    varies = list(dict.fromkeys(key for point in points for key in point.overrides))
    return pd.DataFrame(
        {
            "run_key": [entry.run_key for entry in known],
            "game": [game_of(entry) for entry in known],
            "replicate": pd.array([replicate_of(entry) for entry in known], dtype="int64"),
            "scenario": [games[game_of(entry)].config.name for entry in known],
            "plays": [mechanism_name(games[game_of(entry)].config) for entry in known],
            **{key: _column([games[game_of(entry)].overrides.get(key) for entry in known]) for key in varies},
            "state": [entry.state for entry in known],
            "failure": [
                None if entry.failure is None else f"{entry.failure.kind}: {entry.failure.message}" for entry in known
            ],
            **{name: pd.array([_metric(entry, name) for entry in known], dtype="Float64") for name in METRICS},
        }
    )


def game_of(entry: Entry) -> str:
    """The digest of the game that the run is of."""
    return entry.run_key.partition("-")[0]


def replicate_of(entry: Entry) -> int:
    """Its number."""
    return int(entry.run_key.partition("-")[2])


def _metric(entry: Entry, name: str) -> float | None:
    return None if entry.metrics is None else entry.metrics.get(name)


def _column(values: Sequence[Any]) -> pd.Series:
    """Numbers as numbers, all else as text; what is made of parts as JSON."""
    numeric = all(
        isinstance(value, int | float) and not isinstance(value, bool) for value in values if value is not None
    )
    if numeric and any(value is not None for value in values):
        return pd.Series(pd.array([None if v is None else float(v) for v in values], dtype="Float64"))
    return pd.Series(
        [v if v is None or isinstance(v, str) else json.dumps(v, sort_keys=True) for v in values], dtype="string"
    )
