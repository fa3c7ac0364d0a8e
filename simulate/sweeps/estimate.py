"""What a sweep will take, from a few rounds of a few of its games."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from simulate.sweeps.folder import encoded
from simulate.sweeps.tasks import Pack, Task
from simulate.sweeps.work import worked

SAMPLED, ROUNDS = 3, 3  # packs that are tried, and rounds of each


@dataclass(frozen=True)
class Estimate:
    """Of all tasks together."""

    seconds: float  # on one core
    bytes: float


def estimate(tasks: Sequence[Task]) -> Estimate:
    """Measured on at most three packs, evenly chosen, and scaled by rounds and packs; packs of one sweep are alike."""
    packs = [pack for task in tasks for pack in task.packs]
    if not packs:
        return Estimate(0.0, 0.0)
    chosen = [packs[i * (len(packs) - 1) // max(1, SAMPLED - 1)] for i in range(min(SAMPLED, len(packs)))]
    worked(Task((_short(chosen[0], 1),)))  # the first call pays for what is loaded and compiled once
    rates = [_rates(pack) for pack in chosen]
    rounds = sum(pack.point.config.rounds for pack in packs)
    rows = sum(pack.point.config.rounds * len(pack.replicates) for pack in packs)
    return Estimate(statistics.fmean(r[0] for r in rates) * rounds, statistics.fmean(r[1] for r in rates) * rows)


def _rates(pack: Pack) -> tuple[float, float]:
    """Seconds a round, and bytes a round and run."""
    short = _short(pack, min(ROUNDS, pack.point.config.rounds))
    began = time.perf_counter()
    found = worked(Task((short,)))
    seconds = time.perf_counter() - began
    size = sum(len(encoded(table) or b"") for table in (found.rounds, found.outcomes))
    rounds = short.point.config.rounds
    return seconds / rounds, size / (rounds * len(pack.replicates))


def _short(pack: Pack, rounds: int) -> Pack:
    return replace(pack, point=replace(pack.point, config=pack.point.config.model_copy(update={"rounds": rounds})))
