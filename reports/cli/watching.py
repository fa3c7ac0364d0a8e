"""Rounds on a bar, and beside it the fine-tune that is running."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from simulate.unfinished import begun

if TYPE_CHECKING:
    from mechanisms.fine_tuners.training.climb import Progress as Training


class Watching:
    """What a game is told to say: ``rounds(1)`` after a round, ``training(progress)`` after a step of a fine-tune."""

    def __init__(self, bar: Progress, task: TaskID) -> None:
        self.bar, self.task = bar, task
        self.started, self.tokens = time.monotonic(), 0

    def rounds(self, count: int) -> None:
        """So many more were played."""
        self.bar.advance(self.task, count)

    def training(self, progress: Training) -> None:
        """Tokens a second since the fine-tune began; reward and KL are means over the models of its stack."""
        if self.bar.disable:
            return
        if progress.step == 0:
            self.started, self.tokens = time.monotonic(), 0
        self.tokens += progress.tokens
        rate = self.tokens / max(time.monotonic() - self.started, 1e-9) if progress.step else 0.0
        self.bar.update(self.task, training=sentence(progress, rate))


def sentence(progress: Training, rate: float) -> str:
    """A fine-tune's standing in a line; ``rate`` in tokens a second, 0 where it is not known yet."""
    speed = f", {rate:,.0f} tokens/s" if rate else ""
    models = f"{progress.adapters} model{'s' if progress.adapters > 1 else ''}"
    gain = f"reward {progress.reward:+.3f}, KL {progress.kl:.3f}"
    return f"step {progress.step}/{progress.steps} of {models}{speed}, {gain}"


@contextmanager
def watching(doing: str, total: int, folder: Path) -> Iterator[Watching]:
    """A bar on stderr where that is a terminal, silence elsewhere; who interrupts is told how to go on."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[training]}"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        try:
            yield Watching(bar, bar.add_task(doing, total=total, training=""))
        except KeyboardInterrupt:
            if begun(folder):
                bar.console.print(f"trueward: interrupted; `trueward resume {folder}` goes on", highlight=False)
            raise
