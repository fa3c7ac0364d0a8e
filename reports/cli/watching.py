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
        self.bar.update(self.task, training=standing(progress, rate))


def standing(progress: Training, rate: float) -> str:
    """A fine-tune in half a line; ``rate`` in tokens a second, 0 where it is not known yet."""
    speed = f"{rate:,.0f} tokens/s " if rate else ""
    return f"{progress.step}/{progress.steps} {speed}reward {progress.reward:+.2f} KL {progress.kl:.2f}"


def bar_on(console: Console, disable: bool = False) -> Progress:
    """Rounds, and the fine-tune beside them: 80 columns are enough."""
    training = TextColumn("{task.fields[training]}")
    columns = (TextColumn("{task.description}"), BarColumn(8), MofNCompleteColumn(), TimeRemainingColumn(), training)
    return Progress(*columns, console=console, transient=True, disable=disable)


@contextmanager
def watching(doing: str, total: int, folder: Path) -> Iterator[Watching]:
    """A bar on stderr where that is a terminal, silence elsewhere; who interrupts is told how to go on."""
    with bar_on(Console(stderr=True), disable=not sys.stderr.isatty()) as bar:
        try:
            yield Watching(bar, bar.add_task(doing, total=total, training=""))
        except KeyboardInterrupt:
            if begun(folder):
                bar.console.print(f"trueward: interrupted; `trueward resume {folder}` goes on", highlight=False)
            raise
