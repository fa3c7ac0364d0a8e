"""Which runs are done, and what they measured: an SQLite file that one driver writes and anybody reads.

What is committed is on the disk (WAL, synchronous=FULL).  The tables of rounds hold the same metrics once more, so that
a lost ledger can be made anew from them (simulate/sweeps/folder.py).
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from simulate.errors import BadInput
from simulate.sweeps.place import LEDGER
from simulate.sweeps.work import Failure, Metrics, Worked
from simulate.whole_file import replace_file

DONE, FAILED = "done", "failed"
PATIENCE = 30.0  # seconds that a reader waits for a commit, and the driver for a reader

SCHEMA = """
CREATE TABLE IF NOT EXISTS shards (task TEXT PRIMARY KEY, rounds TEXT, outcomes TEXT, seconds REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runs (
    run_key TEXT PRIMARY KEY, task TEXT NOT NULL, state TEXT NOT NULL, attempt INTEGER NOT NULL,
    metrics TEXT, kind TEXT, message TEXT, trace TEXT, checksum TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS events (at TEXT NOT NULL, what TEXT NOT NULL);
"""


@dataclass(frozen=True)
class Entry:
    """What the ledger knows of a run."""

    run_key: str
    task: str
    state: str  # done or failed
    attempt: int  # how often it was begun
    metrics: Metrics | None
    failure: Failure | None


@dataclass(frozen=True)
class Shard:
    """The files of a task, by the SHA-256 of what they must hold; None where all its runs failed."""

    task: str
    rounds: str | None
    outcomes: str | None
    seconds: float


@dataclass(frozen=True)
class Read:
    """A ledger as it was at one moment."""

    entries: dict[str, Entry]
    shards: dict[str, Shard]
    events: tuple[tuple[str, str], ...]

    @property
    def done(self) -> frozenset[str]:
        """The keys of all runs that need not be played."""
        return frozenset(self.entries)


class Ledger:
    """Open for writing within a ``with`` block."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / LEDGER
        try:
            if not self.path.exists():
                clear_log(folder)
                replace_file(self.path, _blank())  # so that nobody reads a file without tables
            self._base = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            self._base.execute("PRAGMA journal_mode=WAL")
            self._base.execute("PRAGMA synchronous=FULL")
            self._base.executescript(SCHEMA)
        except (sqlite3.OperationalError, OSError) as error:
            raise BadInput(f"{self.path}: cannot be written ({error})") from None

    def read(self) -> Read:
        """Everything, as it is now.  Raises sqlite3.Error, ValueError or TypeError where it is damaged."""
        return _read(self._base)

    def keep(self, shard: Shard, worked: Worked, attempts: Mapping[str, int]) -> None:
        """A task's runs and files, all or nothing; what was said of a run before is forgotten."""
        done = [
            (k, shard.task, DONE, attempts.get(k, 1), json.dumps(m), None, None, None) for k, m in worked.done.items()
        ]
        lost = [
            (k, shard.task, FAILED, attempts.get(k, 1), None, f.kind, f.message, f.trace)
            for k, f in worked.failed.items()
        ]
        with self._transaction():
            row = (shard.task, shard.rounds, shard.outcomes, shard.seconds)
            self._base.execute("INSERT OR REPLACE INTO shards VALUES (?,?,?,?)", row)
            rows = [(*row, _checksum(row)) for row in [*done, *lost]]
            self._base.executemany("INSERT OR REPLACE INTO runs VALUES (?,?,?,?,?,?,?,?,?)", rows)

    def forget(self, task: str) -> None:
        """Its runs are to be played again."""
        with self._transaction():
            self._base.execute("DELETE FROM runs WHERE task = ?", (task,))
            self._base.execute("DELETE FROM shards WHERE task = ?", (task,))

    def forget_failures(self) -> None:
        """Failed runs are to be tried again."""
        self._base.execute("DELETE FROM runs WHERE state = ?", (FAILED,))

    def say(self, at: str, what: str) -> None:
        """An event, for people."""
        self._base.execute("INSERT INTO events VALUES (?,?)", (at, what))

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._base.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._base.in_transaction:  # of some errors SQLite has rolled back itself
                self._base.execute("ROLLBACK")
            raise
        self._base.execute("COMMIT")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Everything is in the one file then, so that it can be copied."""
        self._base.close()


def read_ledger(folder: Path) -> Read:
    """Touches nothing, also beside a driver that writes.  Raises BadInput where it is damaged."""
    path = folder / LEDGER
    if not path.is_file():
        return Read({}, {}, ())
    try:
        with _reading(path) as base:
            return _read(base)
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise BadInput(f"{path}: damaged ({error}); `trueward resume {folder}` makes it anew") from None


def counted(folder: Path) -> dict[str, int]:
    """Runs by state.  Raises BadInput where the ledger is damaged."""
    path = folder / LEDGER
    if not path.is_file():
        return {}
    try:
        with _reading(path) as base:
            return dict(base.execute("SELECT state, COUNT(*) FROM runs GROUP BY state").fetchall())
    except sqlite3.Error as error:
        raise BadInput(f"{path}: damaged ({error})") from None


def failures(folder: Path) -> list[tuple[str, int]]:
    """Failed runs by kind, the most frequent first.  Raises BadInput where the ledger is damaged."""
    try:
        with _reading(folder / LEDGER) as base:
            return base.execute(
                "SELECT kind, COUNT(*) FROM runs WHERE state = ? GROUP BY kind ORDER BY 2 DESC, 1", (FAILED,)
            ).fetchall()
    except sqlite3.Error as error:
        raise BadInput(f"{folder / LEDGER}: damaged ({error})") from None


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Where nobody writes no lock is needed, and none is taken: it would leave files behind, as new as a last write.

    That is so where nobody may write, and where no log lies beside the ledger.
    """
    frozen = not path.with_name(f"{LEDGER}-wal").exists() or not all(os.access(p, os.W_OK) for p in (path, path.parent))
    where = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if frozen else ''}"
    base = sqlite3.connect(where, uri=True, timeout=PATIENCE)
    try:
        base.execute("BEGIN")
        yield base
    finally:
        base.close()


def clear_log(folder: Path) -> None:
    """What SQLite keeps beside a ledger goes with it: it would be played into the next one."""
    for end in ("-wal", "-shm"):
        (folder / f"{LEDGER}{end}").unlink(missing_ok=True)


def _blank() -> bytes:
    """A ledger that knows nothing."""
    with closing(sqlite3.connect(":memory:")) as base:
        base.executescript(SCHEMA)
        return base.serialize()


def _read(base: sqlite3.Connection) -> Read:
    wrong = base.execute("PRAGMA quick_check(1)").fetchone()[0]
    if wrong != "ok":
        raise sqlite3.DatabaseError(wrong)
    entries = {row[0]: _entry(row) for row in base.execute("SELECT * FROM runs ORDER BY run_key")}
    shards = {row[0]: Shard(*row) for row in base.execute("SELECT * FROM shards ORDER BY task")}
    events = tuple((at, what) for at, what in base.execute("SELECT at, what FROM events ORDER BY rowid"))
    return Read(entries, shards, events)


def _checksum(row: tuple[Any, ...]) -> str:
    """Of a row's values: SQLite itself does not see a number that a disk has changed."""
    return hashlib.sha256(json.dumps(row).encode()).hexdigest()[:16]


def _entry(row: tuple[Any, ...]) -> Entry:
    *said, checksum = row
    if checksum != _checksum(tuple(said)):
        raise sqlite3.DatabaseError(f"the run {row[0]} is not what was written")
    key, task, state, attempt, metrics, kind, message, trace = said
    failure = None if kind is None else Failure(kind, message, trace)
    return Entry(key, task, state, attempt, None if metrics is None else json.loads(metrics), failure)
