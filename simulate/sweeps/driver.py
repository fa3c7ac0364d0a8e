"""The loop that gives tasks to a pool and keeps what comes back.  Tasks whose worker is lost are played run by run."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from simulate.engines.base import Away, Engine, Lost, Pool, TimedOut
from simulate.sweeps.folder import keep
from simulate.sweeps.ledger import Ledger
from simulate.sweeps.tasks import Task
from simulate.sweeps.work import Worked, failed, failure_of, together, worked

ATTEMPTS = 3  # of a run whose worker dies: once may be chance


@dataclass(frozen=True)
class Limits:
    """When a run, or the whole sweep, is given up."""

    seconds: float | None = None  # of one run; needs an engine that can end it
    failures: int | None = None  # failed runs with which the sweep stops


class TooManyFailures(Exception):
    """More runs failed than were to be borne; what was done is kept."""


@dataclass
class Whole:
    """A task, and what came back of its runs so far."""

    task: Task
    left: int = 1  # pieces that are still out
    parts: dict[str, Worked] = field(default_factory=dict)  # by their first run
    attempts: dict[str, int] = field(default_factory=dict)

    def add(self, piece: Piece, found: Worked) -> None:
        """One piece came back."""
        self.left -= 1
        self.parts[piece.task.keys[0]] = found
        self.attempts |= dict.fromkeys(piece.task.keys, piece.attempt)

    def joined(self) -> Worked:
        """All pieces, in the order of their runs."""
        return together([self.parts[key] for key in sorted(self.parts)])


@dataclass(frozen=True)
class Piece:
    """What is given to a worker: a task, or one run of it."""

    whole: Whole
    task: Task
    attempt: int = 1

    @property
    def runs(self) -> int:
        """How many."""
        return sum(len(pack.replicates) for pack in self.task.packs)

    def again(self, error: BaseException) -> list[Piece]:
        """What is tried once more after a failure: every run by itself, so that only the guilty fail."""
        if self.runs > 1:
            alone = [Piece(self.whole, task, self.attempt + 1) for task in self.task.alone()]
            self.whole.left += len(alone) - 1
            return alone
        chance = isinstance(error, Lost) and not isinstance(error, TimedOut) and self.attempt < ATTEMPTS
        return [Piece(self.whole, self.task, self.attempt + 1)] if chance else []


def drive(
    folder: Path,
    ledger: Ledger,
    tasks: Sequence[Task],
    engine: Engine,
    limits: Limits = Limits(),
    dtype: str = "float64",
    device: str = "cpu",
    progress: Callable[[int], None] = lambda runs: None,
) -> None:
    """Play ``tasks`` and keep them, one by one, as they end.

    Raises TooManyFailures, Away, and OSError or sqlite3.Error where nothing can be kept.
    """
    waiting = deque(Piece(Whole(task), task) for task in tasks)
    flying: dict[Future[Worked], Piece] = {}
    lost = 0
    with engine() as pool:
        while waiting or flying:
            while waiting and len(flying) <= pool.width:  # one more than there are hands, so that none is idle
                piece = waiting.popleft()
                flying[_submitted(pool, piece, limits, dtype, device)] = piece
            for future in _landed(flying):
                piece = flying.pop(future)
                waiting.extendleft(reversed(_settled(piece, future, ledger)))
                if piece.whole.left == 0:
                    found = piece.whole.joined()
                    keep(folder, ledger, piece.whole.task.name, found, piece.whole.attempts)
                    progress(len(found.done) + len(found.failed))
                    lost += len(found.failed)
            if limits.failures is not None and lost >= limits.failures:
                raise TooManyFailures(f"{lost} runs failed; the sweep was to stop with {limits.failures}")


def _submitted(pool: Pool, piece: Piece, limits: Limits, dtype: str, device: str) -> Future[Worked]:
    seconds = None if limits.seconds is None else limits.seconds * piece.runs
    return pool.submit(worked, piece.task, dtype, device, seconds=seconds)


def _landed(flying: dict[Future[Worked], Piece]) -> list[Future[Worked]]:
    """Who came back, in the order of leaving; news that the pool is gone comes last, so that it costs nobody's work."""
    done = wait(flying, return_when=FIRST_COMPLETED).done
    return sorted((future for future in flying if future in done), key=lambda late: isinstance(late.exception(), Away))


def _settled(piece: Piece, future: Future[Worked], ledger: Ledger) -> list[Piece]:
    """Added to its whole, or to be tried again."""
    error = future.exception()
    if error is None:
        piece.whole.add(piece, future.result())
        return []
    if isinstance(error, Away) or not isinstance(error, Exception):
        raise error
    first = piece.task.keys[0]
    ledger.say(datetime.now(UTC).isoformat(timespec="seconds"), f"{first} and {piece.runs - 1} more: {error}")
    again = piece.again(error)
    if not again:
        kind = "timeout" if isinstance(error, TimedOut) else "died" if isinstance(error, Lost) else None
        piece.whole.add(piece, failed(piece.task, failure_of(error, kind)))
    return again
