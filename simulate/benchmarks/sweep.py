"""What a sweep adds to the games it plays, and what it saves beside a process for every game."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from simulate.benchmarks.base import Benchmark

GAMES, REPLICATES, ROUNDS = 10, 200, 10
MANY_GAMES, MANY = 20, 500  # ten thousand runs
SINGLES = 200
PROCESSES = 2  # games that the peer really plays, one process each


def _file(games: int, replicates: int, rounds: int) -> dict[str, object]:
    betas = [0.1 + 0.05 * i for i in range(games)]
    grid = {"mechanism.beta": betas, "rounds": [rounds], "exploitability": [0]}
    return {"base": "two_camps", "grid": grid, "replicates": replicates}


def _swept(file: dict[str, object]) -> Callable[[], object]:
    from simulate.sweeps.sweep import sweep

    def swept() -> None:
        folder = Path(tempfile.mkdtemp()) / "sweep"
        try:
            sweep(file, folder)
        finally:
            shutil.rmtree(folder.parent)

    return swept


def _against_play(file: dict[str, object]) -> tuple[Callable[[], object], Callable[[], object]]:
    """The peer plays the same packs and works out the same metrics, and keeps nothing."""
    from simulate.jobs import Job, played
    from simulate.metrics import METRICS
    from simulate.sweeps.file import parsed
    from simulate.sweeps.points import points
    from simulate.sweeps.work import one_thread

    found = points(parsed(file))

    def alone() -> None:
        with one_thread():  # as the workers of a sweep
            for point in found:
                history = played(Job(point.config, tuple(range(point.config.replicates))))
                for metric in METRICS.values():
                    metric.value(history)

    return _swept(file), alone


def _against_processes() -> tuple[Callable[[], object], Callable[[], object]]:
    code = (
        "from simulate.repeated_game import play; "
        "play('two_camps', {'rounds': 2, 'replicates': 1, 'exploitability': 0})"
    )

    def one_by_one() -> None:
        for _ in range(PROCESSES):
            subprocess.run([sys.executable, "-c", code], check=True)

    return _swept(_file(MANY_GAMES, MANY, 2)), one_by_one


sweep_overhead = Benchmark(
    f"a sweep of {GAMES * REPLICATES:,} runs: ledger, tables, hashes and results with it",
    "the same games and metrics, nothing kept",
    lambda: _against_play(_file(GAMES, REPLICATES, ROUNDS)),
    2.0,
    repeats=5,
)
sweep_singles = Benchmark(
    f"a sweep of {SINGLES} games of one run each, of two rounds: nothing can be shared between them",
    "the same games and metrics, nothing kept",
    lambda: _against_play(_file(SINGLES, 1, 2)),
    1.3,  # 2 ms a run, beside games of some 7 ms
    repeats=5,
)
sweep_processes = Benchmark(
    f"a sweep of {MANY_GAMES * MANY:,} tiny runs",
    f"a process a run, timed on {PROCESSES} of them",
    _against_processes,
    0.05,
    repeats=3,
    share=PROCESSES / (MANY_GAMES * MANY),
)
