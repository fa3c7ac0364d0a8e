"""Catalogue of tables, written as CSV beside the page; every figure adds the frame it draws."""

from collections.abc import Callable

import pandas as pd

from reports.study import Study
from reports.tables.agents import agents
from reports.tables.described import checklist_table, model_description
from reports.tables.missing import missing
from reports.tables.paired import paired
from reports.tables.verdict import verdict
from reports.worst import worst

TABLES: dict[str, Callable[[Study], pd.DataFrame]] = {
    "missing": missing,
    "verdict": verdict,
    "paired": paired,
    "agents": agents,
    "worst": worst,
    "model_description": model_description,
    "checklist": checklist_table,
}
