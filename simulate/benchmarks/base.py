"""A benchmark times our code against a peer in the same process, in turn, and reports the ratio."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

Action = Callable[[], object]


@dataclass(frozen=True)
class Benchmark:
    """``prepare() -> (ours, peer)``, functions without arguments; ours / peer should stay below ``target``."""

    summary: str
    peer: str
    prepare: Callable[[], tuple[Action, Action]]
    target: float
    repeats: int = 9
    share: float = 1.0  # of our work that the peer does: its time is divided by that
    lacking: Callable[[], str | None] = lambda: None  # what this machine does not have for it


@dataclass(frozen=True)
class Timing:
    """Medians of the repeats in seconds, and of the pairwise ratios ours / peer; None, and why, if not measured."""

    name: str
    ours_s: float | None
    peer: str
    peer_s: float | None
    ratio: float | None
    target: float
    reason: str | None = None
    failed: bool = False  # not measured because it raised an error

    @property
    def met(self) -> bool | None:
        """Whether the ratio is below its target."""
        return None if self.ratio is None else self.ratio < self.target


def measured(name: str, benchmark: Benchmark) -> Timing:
    """``timed`` where the machine has what it takes; an error is a row too, so that the others are still measured."""
    try:
        lacking = benchmark.lacking()
        return unmeasured(name, benchmark, lacking) if lacking else timed(name, benchmark)
    except Exception as error:  # whatever a benchmark stumbles over
        return unmeasured(name, benchmark, f"{type(error).__name__}: {error}", failed=True)


def unmeasured(name: str, benchmark: Benchmark, reason: str, failed: bool = False) -> Timing:
    """A row without numbers."""
    return Timing(name, None, benchmark.peer, None, None, benchmark.target, reason, failed)


def timed(name: str, benchmark: Benchmark) -> Timing:
    """Ours and the peer's alternate, so that a machine whose speed drifts favours neither."""
    ours, peer = benchmark.prepare()
    ours(), peer()  # warm caches and lazy imports
    pairs = [(_seconds(ours), _seconds(peer) / benchmark.share) for _ in range(benchmark.repeats)]
    ratio = statistics.median(a / b for a, b in pairs)
    ours_s, peer_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Timing(name, ours_s, benchmark.peer, peer_s, ratio, benchmark.target)


def _seconds(action: Action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
