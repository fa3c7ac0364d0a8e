"""Every table for a spreadsheet, for code and for a paper."""

from __future__ import annotations

from reports.latex import latex_table
from reports.outputs.base import Made, Report
from reports.spreadsheet import csv_text
from simulate.store import parquet_bytes


def tables(report: Report) -> Made:
    """``tables/NAME.csv``, ``.parquet`` and ``.tex``."""
    files: dict[str, bytes] = {}
    for name, frame in report.frames.items():
        files[f"tables/{name}.csv"] = csv_text(frame).encode()
        files[f"tables/{name}.parquet"] = parquet_bytes(frame)
        files[f"tables/{name}.tex"] = latex_table(frame, name).encode()
    return Made(files)
