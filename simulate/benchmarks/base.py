"""A benchmark times our code against a peer in the same process, in turn, and reports the ratio."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Benchmark:
    """``prepare() -> (ours, peer)``, functions without arguments; ours / peer should stay below ``target``."""

    summary: str
    peer: str
    prepare: Callable[[], tuple[Callable[[], object], Callable[[], object]]]
    target: float
    repeats: int = 9
    share: float = 1.0  # of our work that the peer does: its time is divided by that


@dataclass(frozen=True)
class Timing:
    """Medians of the repeats in seconds, and the median of the pairwise ratios ours / peer."""

    name: str
    ours_s: float
    peer: str
    peer_s: float
    ratio: float
    target: float


def timed(name: str, benchmark: Benchmark) -> Timing:
    """Ours and the peer's alternate, so that a machine whose speed drifts favours neither."""
    ours, peer = benchmark.prepare()
    ours(), peer()  # warm caches and lazy imports
    pairs = [(_seconds(ours), _seconds(peer) / benchmark.share) for _ in range(benchmark.repeats)]
    ratio = statistics.median(a / b for a, b in pairs)
    ours_s, peer_s = (statistics.median(column) for column in zip(*pairs, strict=True))
    return Timing(name, ours_s, benchmark.peer, peer_s, ratio, benchmark.target)


def _seconds(action: Callable[[], object]) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start
