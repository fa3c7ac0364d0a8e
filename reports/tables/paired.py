"""Every pair of mechanisms on every metric that both have in the same units, and how surprising the difference is."""

import pandas as pd

from reports.comparisons import Comparisons
from reports.study import Study

NUMBERS = (
    "difference",
    "low",
    "high",
    "probability_of_improvement",
    "improvement_low",
    "improvement_high",
    "p",
    "p_holm",
)
COLUMNS = ("better", "worse", "metric", *NUMBERS)


def paired(study: Study) -> pd.DataFrame:
    """``better, worse, metric``, then `NUMBERS`: better minus worse, with Holm's adjustment beside the raw p-value."""
    frame = pd.DataFrame(Comparisons(study).rows, columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(NUMBERS, float))
