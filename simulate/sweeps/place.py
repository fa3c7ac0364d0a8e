"""How the folder of a sweep is recognised, and what lies where."""

from __future__ import annotations

from pathlib import Path

CONFIG, MANIFEST, RESULTS, ROUNDS, OUTCOMES, LOCK = (
    "config.toml", "manifest.json", "results.parquet", "rounds", "outcomes", ".lock",
)  # fmt: skip


def is_sweep(folder: Path) -> bool:
    """Is it the folder of a sweep?"""
    return (folder / CONFIG).is_file() and (folder / ROUNDS).is_dir()
