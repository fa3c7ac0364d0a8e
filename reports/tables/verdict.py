"""Every metric of every mechanism, with its interval."""

import pandas as pd

from reports.study import Study


def verdict(study: Study) -> pd.DataFrame:
    """``mechanism, metric, mean, iqm, low, high, replicates, settled_share``, best mechanism first."""
    rows = [
        {
            "mechanism": row["name"],
            "metric": metric,
            **found,
            "replicates": study.sizes[row["name"]],
            "settled_share": row["converged"],
        }
        for row in study.rows
        for metric, found in row["metrics"].items()
    ]
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(("mean", "iqm", "low", "high", "settled_share"), float))
