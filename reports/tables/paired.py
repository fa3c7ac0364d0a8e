"""Every pair of mechanisms on common random numbers."""

import pandas as pd

from reports.study import Study

COLUMNS = ("better", "worse", "metric", "difference", "low", "high", "probability_of_improvement")


def paired(study: Study) -> pd.DataFrame:
    """``better, worse, metric, difference, low, high, probability_of_improvement``; better minus worse."""
    frame = pd.DataFrame(list(study.pairs), columns=list(COLUMNS))
    return frame.astype(dict.fromkeys(COLUMNS[3:], float))
