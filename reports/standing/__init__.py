"""What a folder has reached, read without touching it: one file a kind of folder."""

from __future__ import annotations

from pathlib import Path

from reports.standing.base import Kind, Standing
from reports.standing.finetune import FINE_TUNE
from reports.standing.played import PLAYED
from reports.standing.sweep import SWEEP
from reports.standing.unfinished import UNFINISHED
from simulate.errors import BadInput

# In this order: an unfinished folder may hold what a finished one holds, and a fine-tune has a manifest of its own.
STANDINGS: dict[str, Kind] = {
    "fine-tune": FINE_TUNE,
    "sweep": SWEEP,
    "unfinished": UNFINISHED,
    "played": PLAYED,
}


def standing(folder: Path) -> Standing:
    """Of a sweep, a run, a comparison or a fine-tune, finished or not.  Raises BadInput."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; that of a sweep, a run, a comparison or a fine-tune is expected")
    for kind in STANDINGS.values():
        if kind.is_of(folder):
            return kind.read(folder)
    raise BadInput(
        f"{folder}: holds neither manifest.json, comparison.json nor unfinished.json; a run writes its folder when it "
        "ends, unless it trains language models"
    )
