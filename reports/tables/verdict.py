"""Every metric of every mechanism, with its interval."""

import pandas as pd

from reports.study import Study
from simulate.statistics import wilson


def verdict(study: Study) -> pd.DataFrame:
    """``mechanism, metric, mean, iqm, low, high, replicates, settled_share, settled_low, settled_high``, best first."""
    rows = [
        {
            "mechanism": row["name"],
            "metric": metric,
            **found,
            "replicates": study.sizes[row["name"]],
            "settled_share": row["converged"],
            **_settled(row["converged"], study.sizes[row["name"]]),
        }
        for row in study.rows
        for metric, found in row["metrics"].items()
    ]
    frame = pd.DataFrame(rows)
    numbers = ("mean", "iqm", "low", "high", "settled_share", "settled_low", "settled_high")
    return frame.astype(dict.fromkeys(numbers, float))


def _settled(share: float, replicates: int) -> dict[str, float]:
    low, high = wilson(round(share * replicates), replicates)
    return {"settled_low": low, "settled_high": high}
