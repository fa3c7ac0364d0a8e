"""Verdicts as tables for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table
from rich.text import Text

SHOWN = ("report_distance", "utility_gain", "welfare_loss", "social_welfare", "revenue")


def number(value: float | None) -> str:
    """Four significant digits; a dash where there is none.

    >>> number(0.123456), number(1e-17), number(None)
    ('0.1235', '0', '-')
    """
    if value is None:
        return "-"
    if abs(value) < 5e-7:
        return "0"
    return f"{value:.4g}"


def metrics_table(title: str, rows: Mapping[str, Mapping[str, Any]]) -> Table:
    """One row a mechanism, one column a metric: mean over replicates, then the interval."""
    table = Table(title=Text(title), title_justify="left")
    table.add_column("", no_wrap=True)
    for metric in SHOWN:
        table.add_column(metric.replace("_", " "), justify="right")
    for name, metrics in rows.items():
        cells = [
            f"{number(m['mean'])}\n[{number(m['low'])}, {number(m['high'])}]" for m in map(metrics.get, SHOWN) if m
        ]
        table.add_row(Text(name), *map(Text, cells))
    return table


def paired_table(pairs: list[Mapping[str, Any]], metric: str) -> Table:
    """Paired differences on common random numbers."""
    table = Table(title=Text("paired differences on the same replicates, better minus worse"), title_justify="left")
    for heading in ("metric", "better", "worse", "difference", "P(better)"):
        word = heading in ("metric", "better", "worse")
        table.add_column(heading, justify="left" if word else "right", no_wrap=word)
    for pair in pairs:
        if pair["metric"] == metric:
            interval = f"{number(pair['difference'])} [{number(pair['low'])}, {number(pair['high'])}]"
            share = pair["probability_of_improvement"]
            cells = (pair["metric"].replace("_", " "), pair["better"], pair["worse"], interval, number(share))
            table.add_row(*map(Text, cells))
    return table
