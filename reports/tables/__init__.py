"""Catalogue of tables, written as CSV beside the page; every figure adds the frame it draws."""

from collections.abc import Callable

import pandas as pd

from reports.study import Study
from reports.tables.agents import agents
from reports.tables.paired import paired
from reports.tables.verdict import verdict

TABLES: dict[str, Callable[[Study], pd.DataFrame]] = {
    "verdict": verdict,
    "paired": paired,
    "agents": agents,
}
