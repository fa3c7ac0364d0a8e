"""Pools of real language-model responses shipped with the project; a new one is a folder and a line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mechanisms.named import unknown

if TYPE_CHECKING:
    from simulate.pools.pool import Pool

_DATA = Path(__file__).parent / "data"

POOLS: dict[str, Path] = {
    "story_tones": _DATA / "story_tones",  # 10 prompts, 440 samples each, SmolLM2-135M, five reward models
}


def load_pool(name_or_folder: str | Path) -> Pool:
    """A pool of the catalogue, or the one in a folder; the catalogue comes first.  Raises ValueError."""
    from simulate.pools.storage import read  # here, because it needs torch

    name = str(name_or_folder)
    if name in POOLS:
        return read(POOLS[name])
    if Path(name).is_dir():
        return read(name)
    raise ValueError(unknown("pool", name, POOLS) + " (or the path of a pool folder)")
