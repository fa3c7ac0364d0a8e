"""What a run is called: by what is played, never by its place in a grid."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from simulate.config import Config, MechanismConfig, expanded

UNPLAYED = ("name", "summary", "replicates")  # change nothing that happens in a run


def canonical(config: Config) -> dict[str, Any]:
    """Everything that matters to a run, spelled out: a mechanism by name is its keys."""
    mechanism = config.mechanism
    if isinstance(mechanism, str):
        mechanism = MechanismConfig.model_validate(expanded(mechanism))
    said = config.model_copy(update={"mechanism": mechanism}).model_dump(mode="json", exclude_none=True)
    return {key: value for key, value in said.items() if key not in UNPLAYED}


def digest(said: Any) -> str:
    """32 hexadecimal digits of SHA-256 over the JSON of ``said``, its keys sorted.

    >>> digest({"b": 1, "a": 2}) == digest({"a": 2, "b": 1})
    True
    """
    text = json.dumps(said, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def pairing_seed(root: int, config: Config) -> int:
    """The seed of a run's random streams: the mechanism is left out, so that all mechanisms meet the same draws."""
    met = {key: value for key, value in canonical(config).items() if key != "mechanism"}
    return int(digest({"root": str(root), "met": met}), 16)


def run_key(game: str, replicate: int) -> str:
    """The game's digest, then the replicate: runs of a game are neighbours."""
    return f"{game}-{replicate:06d}"
