"""Verdicts as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

from reports.numbers import number

SHOWN = (
    "report_distance",
    "utility_gain",
    "welfare_loss",
    "exploitability",
    "social_welfare",
    "revenue",
    "effective_sample_size",
    "convergence_round",
)


def metrics_table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a metric, one column a mechanism: interquartile mean over replicates, its interval below."""
    table = Table(title=Text(title), title_justify="left", show_lines=True)
    table.add_column("", no_wrap=True)
    for name in rows:
        table.add_column(Text(name), justify="right", overflow="fold")
    for metric in SHOWN:
        cells = [metrics[metric] for metrics in rows.values()]
        if any(cell["iqm"] is not None for cell in cells):
            texts = [_cell(cell) for cell in cells]
            table.add_row(metric.replace("_", " "), *map(Text, texts))
    return table


def _cell(found: Mapping[str, Any]) -> str:
    if found["iqm"] is None:
        return "not\nmeasured"
    return f"{number(found['iqm'])}\n[{number(found['low'])}, {number(found['high'])}]"


def paired_table(pairs: list[Mapping[str, Any]], metric: str) -> Table:
    """Paired differences of one metric on common random numbers."""
    title = f"{metric.replace('_', ' ')}, paired on the same replicates: better minus worse [95 % interval]"
    table = Table(title=Text(title), title_justify="left")
    for heading in ("better", "worse", "difference", "P(better)"):
        word = heading in ("better", "worse")
        table.add_column(heading, justify="left" if word else "right", no_wrap=True)
    for pair in pairs:
        if pair["metric"] == metric:
            interval = f"{number(pair['difference'])} [{number(pair['low'])}, {number(pair['high'])}]"
            cells = (pair["better"], pair["worse"], interval, number(pair["probability_of_improvement"]))
            table.add_row(*map(Text, cells))
    return table
