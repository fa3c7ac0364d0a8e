"""A task, played: a pure function of the task.  Whoever plays it, wherever, gets the same numbers."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import torch

from simulate.errors import printable
from simulate.jobs import Job, played
from simulate.metrics import METRICS
from simulate.sweeps.tasks import Pack, Task

TRACE = 4000  # characters of a failure's trace that are kept
Metrics = dict[str, float | None]


@dataclass(frozen=True)
class Failure:
    """Why a run has no numbers: an exception's type, or died, timeout, memory."""

    kind: str
    message: str
    trace: str = ""


@dataclass(frozen=True)
class Worked:
    """What a task's runs left: tidy tables, sorted by run key and round; metrics by run; failures by run."""

    rounds: pa.Table | None
    outcomes: pa.Table | None
    done: dict[str, Metrics] = field(default_factory=dict)
    failed: dict[str, Failure] = field(default_factory=dict)
    seconds: float = 0.0


def worked(task: Task, dtype: str = "float64", device: str = "cpu") -> Worked:
    """Every pack of the task; where one raises, its runs are played alone, so that only the guilty fail."""
    began = time.perf_counter()
    with one_thread():
        found = together([part for pack in task.packs for part in _parts(pack, dtype, device)])
    return Worked(found.rounds, found.outcomes, found.done, found.failed, time.perf_counter() - began)


def together(parts: Sequence[Worked]) -> Worked:
    """Several in one; the parts are in the order of their keys."""
    return Worked(
        _stacked([part.rounds for part in parts]),
        _stacked([part.outcomes for part in parts]),
        {key: value for part in parts for key, value in part.done.items()},
        {key: value for part in parts for key, value in part.failed.items()},
        sum(part.seconds for part in parts),
    )


def failed(task: Task, failure: Failure) -> Worked:
    """Nothing but failures."""
    return Worked(None, None, {}, dict.fromkeys(task.keys, failure))


def failure_of(error: BaseException, kind: str | None = None) -> Failure:
    """In words; the trace for whoever wants to mend it."""
    text = "".join(traceback.format_exception(error))[-TRACE:]
    named = kind or ("memory" if out_of_memory(error) else type(error).__name__)
    return Failure(named, printable(str(error))[:TRACE], text)


def out_of_memory(error: BaseException) -> bool:
    """Python's way to say it, and torch's."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or "can't allocate memory" in str(error)


@contextmanager
def one_thread() -> Iterator[None]:
    """The number of threads changes the order of sums, and so the last bits; many runs keep all cores busy anyway."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _parts(pack: Pack, dtype: str, device: str) -> list[Worked]:
    try:
        return [_played(pack, dtype, device)]
    except Exception as error:
        if len(pack.replicates) == 1:
            return [failed(Task((pack,)), failure_of(error))]
    return [part for alone in Task((pack,)).alone() for part in _parts(alone.packs[0], dtype, device)]


def _played(pack: Pack, dtype: str, device: str) -> Worked:
    history = played(Job(pack.point.config, pack.replicates, getattr(torch, dtype), device))
    values = {name: metric.value(history) for name, metric in METRICS.items()}
    done = {key: {name: _finite(value[row]) for name, value in values.items()} for row, key in enumerate(pack.keys)}
    agents = history.agents_columns()
    named = {"agent": _names(history.agents, agents["agent"])}
    return Worked(_table(pack, {**agents, **named}), _table(pack, history.outcomes_columns()), done)


def _table(pack: Pack, columns: Mapping[str, np.ndarray | pa.Array]) -> pa.Table:
    """The runs' keys in front; NaN is null.  Not by way of pandas, which takes longer than a small game."""
    each = np.arange(len(pack.keys)).repeat(len(columns["replicate"]) // len(pack.keys))
    arrays = {name: pa.array(column, from_pandas=True) for name, column in columns.items()}
    return pa.table({"run_key": _names(pack.keys, each), **arrays})


def _names(names: Sequence[str], places: np.ndarray) -> pa.Array:
    """As plain strings, so that tables of different games can lie in one file."""
    return pa.array(names, pa.large_string()).take(pa.array(places))


def _stacked(tables: Sequence[pa.Table | None]) -> pa.Table | None:
    there = [table for table in tables if table is not None]
    return pa.concat_tables(there).combine_chunks() if there else None


def _finite(value: float) -> float | None:
    """JSON and Parquet say null where nothing was measured."""
    return float(value) if np.isfinite(value) else None
