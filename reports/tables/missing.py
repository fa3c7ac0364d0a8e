"""Runs that could not be read: all of them, where the page names the first few."""

import pandas as pd

from reports.study import Study


def missing(study: Study) -> pd.DataFrame:
    """``run, why``."""
    return pd.DataFrame([(one.name, one.why) for one in study.absent], columns=["run", "why"])
