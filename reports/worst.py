"""The replicates that went worst under each mechanism, and the command that plays each of them again."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from reports.games import Game
from reports.provenance import replay
from reports.study import Study
from simulate.metrics import METRICS

SHOWN = 2  # replicates a mechanism and metric
BY = ("welfare_loss", "report_distance")  # what "worst" means: the most welfare lost, the largest lies
COLUMNS = ("mechanism", "metric", "replicate", "value", "median", "seed", "command")


def worst(study: Study) -> pd.DataFrame:
    """``mechanism, metric, replicate, value, median, seed, command``, the worst first; nothing where all are alike."""
    rows = [row for game in study.games for metric in BY for row in _rows(game, metric)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({"value": float, "median": float})


def _rows(game: Game, metric: str) -> list[dict[str, Any]]:
    values = METRICS[metric].value(game.history)
    measured = values[~np.isnan(values)]
    if not len(measured) or np.ptp(measured) <= 1e-9 * np.abs(measured).max():
        return []
    order = np.argsort(-np.nan_to_num(values, nan=-np.inf), kind="stable")[: min(SHOWN, len(measured))]
    return [_row(game, metric, int(position), values, float(np.median(measured))) for position in order]


def _row(game: Game, metric: str, position: int, values: np.ndarray, median: float) -> dict[str, Any]:
    replicate = game.history.replicates[position]
    return {
        "mechanism": game.name,
        "metric": metric,
        "replicate": replicate,
        "value": float(values[position]),
        "median": median,
        "seed": str(game.config.seed),
        "command": replay(game, replicate),
    }
