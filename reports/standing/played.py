"""A run or a comparison that has ended."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reports.standing.base import Kind, Standing, youngest
from reports.text import listed
from simulate.files import read_mapping

MANIFEST, SUMMARY, COMPARISON = "manifest.json", "summary.json", "comparison.json"
METRICS = ("welfare_loss", "report_distance")  # that a line can hold


def is_played(folder: Path) -> bool:
    """Does it hold what is written last?"""
    return any((folder / name).is_file() for name in (MANIFEST, COMPARISON))


def read_played(folder: Path) -> Standing:
    """Rounds and last values.  Raises BadInput."""
    compared = (folder / COMPARISON).is_file()
    summaries = _summaries(folder, compared)
    first = next(iter(summaries.values()), {})
    rounds = int(first.get("rounds", 0)) * len(summaries)
    facts = tuple((name, _last(summary)) for name, summary in summaries.items())
    return Standing(
        "comparison" if compared else "run", str(first.get("scenario", folder.name)), True, "rounds", rounds, rounds,
        youngest(folder.rglob("*.json")), facts,
    )  # fmt: skip


def _summaries(folder: Path, compared: bool) -> dict[str, dict[str, Any]]:
    if not compared:
        summary = dict(read_mapping(folder / SUMMARY))
        return {str(summary.get("mechanism", "run")): summary}
    places = {path.parent.name: path for path in sorted(folder.glob(f"*/{SUMMARY}"))}
    return {name: dict(read_mapping(path)) for name, path in places.items()}


def _last(summary: dict[str, Any]) -> str:
    found = {name: summary.get("metrics", {}).get(name, {}).get("iqm") for name in METRICS}
    said = [f"{name.replace('_', ' ')} {value:.4g}" for name, value in found.items() if isinstance(value, float)]
    return listed(said) if said else "no metric is stated"


PLAYED = Kind(is_played, read_played)
