"""Runs that are played and kept together.  What is together is decided by the runs alone, never by who plays them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import prod

from simulate.config import Config
from simulate.references import found
from simulate.sweeps.keys import run_key
from simulate.sweeps.points import Point

PACK_NUMBERS = 1 << 20  # of a pack's rewards: a market needs some fifty times as much memory, 400 MB in float64
PACK_RUNS = 256  # beyond, tensors are so long that more replicates are hardly cheaper
TASK_RUNS = 512  # so that ten thousand small runs make forty tasks at most, as a task is more than half full
TASK_SECONDS = 10.0  # so that little is lost with a worker, and workers end together
ROUND_SECONDS, NUMBER_SECONDS = 5e-3, 2e-7  # rough, of one core: they set the size of tasks, nothing else


@dataclass(frozen=True)
class Pack:
    """Replicates of one game, advanced side by side."""

    point: Point
    replicates: tuple[int, ...]

    @property
    def keys(self) -> list[str]:
        """The runs' keys."""
        return [run_key(self.point.game, replicate) for replicate in self.replicates]

    @property
    def seconds(self) -> float:
        """A guess of what it takes."""
        return self.point.config.rounds * (
            ROUND_SECONDS + NUMBER_SECONDS * numbers(self.point.config) * len(self.replicates)
        )


@dataclass(frozen=True)
class Task:
    """Packs that one worker plays, and whose rounds share a file."""

    packs: tuple[Pack, ...]

    @property
    def keys(self) -> list[str]:
        """The runs' keys, sorted."""
        return [key for pack in self.packs for key in pack.keys]

    @property
    def name(self) -> str:
        """By its runs."""
        return hashlib.sha256("\n".join(self.keys).encode()).hexdigest()[:16]

    def alone(self) -> list[Task]:
        """Every run by itself."""
        return [Task((Pack(pack.point, (k,)),)) for pack in self.packs for k in pack.replicates]


def tasks(
    points: Iterable[Point], replicates: int, done: frozenset[str] = frozenset(), numbers: Sequence[int] | None = None
) -> list[Task]:
    """All runs but those ``done``, or of them the replicates ``numbers`` alone, in the order of their keys."""
    wanted = frozenset(range(replicates) if numbers is None else numbers)
    found: list[list[Pack]] = [[]]
    runs, seconds = 0, 0.0
    for pack in (pack for point in points for pack in _packs(point, replicates, done, wanted)):
        runs, seconds = runs + len(pack.replicates), seconds + pack.seconds
        if found[-1] and (runs > TASK_RUNS or seconds > TASK_SECONDS):
            found.append([])
            runs, seconds = len(pack.replicates), pack.seconds
        found[-1].append(pack)
    return [Task(tuple(packs)) for packs in found if packs]


def numbers(config: Config) -> int:
    """Rewards of one replicate: agents x prompts x responses."""
    seed = config.seed if isinstance(config.reference, dict) and "random" in config.reference else 0
    return sum(agent.count for agent in config.agents) * prod(_shape(json.dumps(config.reference), seed))


def _packs(point: Point, replicates: int, done: frozenset[str], wanted: frozenset[int]) -> list[Pack]:
    """Blocks of a fixed size, so that more replicates later leave the earlier blocks as they are."""
    size = max(1, min(PACK_RUNS, PACK_NUMBERS // numbers(point.config)))
    blocks = [range(start, min(start + size, replicates)) for start in range(0, replicates, size)]
    left = [tuple(k for k in block if k in wanted and run_key(point.game, k) not in done) for block in blocks]
    return [Pack(point, block) for block in left if block]


@lru_cache(maxsize=4096)
def _shape(reference: str, seed: int) -> tuple[int, int]:
    prompts, responses = found(json.loads(reference), seed).table.shape
    return prompts, responses
