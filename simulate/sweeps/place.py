"""How the folder of a sweep is recognised, and what lies where."""

from __future__ import annotations

from pathlib import Path

CONFIG, MANIFEST, RESULTS, LEDGER, LOCK = (
    "config.toml", "manifest.json", "results.parquet", "ledger.sqlite", ".lock",
)  # fmt: skip
ROUNDS, OUTCOMES = "rounds", "outcomes"


def is_sweep(folder: Path) -> bool:
    """Is it the folder of a sweep?"""
    return (folder / CONFIG).is_file() and (folder / ROUNDS).is_dir()
