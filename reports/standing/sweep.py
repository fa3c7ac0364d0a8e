"""A sweep, from its first run on; read while its driver writes, and from copies that nobody may write."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from reports.durations import lasting
from reports.standing.base import Kind, Standing, youngest
from simulate.sweeps.place import LEDGER, is_sweep


def read_sweep_standing(folder: Path) -> Standing:
    """Runs by state, and why some failed.  Raises BadInput where the ledger or the manifest is damaged."""
    from simulate.sweeps.folder import manifest_of
    from simulate.sweeps.ledger import counted, failures

    counts = counted(folder)
    done, failed = counts.get("done", 0), counts.get("failed", 0)
    manifest = manifest_of(folder)
    total = manifest.get("runs")
    facts = [("failed", f"{failed:,}: " + ", ".join(f"{n} x {kind}" for kind, n in failures(folder)))] if failed else []
    facts += [("games", f"{manifest.get('games', '?')}")]
    written = youngest([folder / LEDGER, folder / f"{LEDGER}-wal"])
    ended = total is not None and manifest.get("end") is not None and done + failed >= total
    if not ended and total is not None and written is not None:
        facts += _pace(manifest, done + failed, total, written)
    return Standing(
        "sweep", str(manifest.get("sweep", folder.name)), ended, "runs", done + failed, total, written, tuple(facts)
    )


def _pace(manifest: dict[str, Any], done: int, total: int, written: float) -> list[tuple[str, str]]:
    """Runs a minute since the driver began, and how long the others take at that; nothing before the first came."""
    try:
        seconds = written - datetime.fromisoformat(manifest["start"]).timestamp()
        runs = done - int(manifest["before"])
    except (KeyError, TypeError, ValueError):  # of a manifest that says neither
        return []
    if seconds <= 0 or runs <= 0:
        return []
    return [("pace", f"{60 * runs / seconds:,.0f} runs a minute, {lasting((total - done) * seconds / runs)} left")]


SWEEP = Kind(is_sweep, read_sweep_standing)
