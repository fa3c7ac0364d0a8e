"""A sweep from its file to its table of results; begun, interrupted, resumed, grown."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from simulate.dtypes import DTYPES
from simulate.engines.base import Engine
from simulate.engines.serial import serial
from simulate.errors import BadInput
from simulate.manifest import SCHEMA_VERSION, provenance
from simulate.scenario import build
from simulate.store import parquet_bytes
from simulate.sweeps.driver import Limits, drive
from simulate.sweeps.file import SweepFile, parsed, read_sweep
from simulate.sweeps.folder import alone, begin, config_sha, damage, manifest_of, put_aside, salvaged, sweep_of
from simulate.sweeps.ledger import Ledger
from simulate.sweeps.place import MANIFEST, RESULTS
from simulate.sweeps.points import Point, only, points, said
from simulate.sweeps.results import results
from simulate.sweeps.tasks import tasks
from simulate.whole_file import replace_file

TRIED = 100  # points that are built before the first run, so that what cannot be played is refused at once


@dataclass(frozen=True)
class Playing:
    """How a sweep is played: nothing of it changes a number but dtype and device, which a folder keeps."""

    engine: Engine = serial
    limits: Limits = field(default_factory=Limits)
    only: Mapping[str, Any] = field(default_factory=dict)
    retry_failed: bool = False
    progress: Callable[[int, int], None] = lambda runs, total: None  # called with the runs that ended


def sweep(
    file: str | Path | Mapping[str, Any] | SweepFile,
    out: str | Path,
    playing: Playing = Playing(),
    dtype: str = "float64",
    device: str = "cpu",
) -> pd.DataFrame:
    """Play every run of a sweep and keep it in the folder ``out``; what lies there already is not played again.

    Returns the table of results, one row per run.  Raises BadInput, TooManyFailures, and OSError where nothing can be
    kept.

    >>> import tempfile
    >>> small = {"base": "two_camps", "grid": {"mechanism": ["vcg", "no_payment"], "rounds": [2]}, "replicates": 2}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = sweep(small, folder)
    >>> found["state"].tolist()
    ['done', 'done', 'done', 'done']
    """
    folder, wanted = Path(out), _wanted(file)
    games = points(wanted)
    _refuse_unplayable(games)
    only(games, playing.only, wanted.replicates)  # refused, if at all, before anything is written
    try:
        begin(folder, wanted)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
    return _finish(folder, wanted, games, playing, dtype, device)


def resume(folder: str | Path, playing: Playing = Playing()) -> pd.DataFrame:
    """Play what is missing in the folder of a sweep, as it was begun.  Raises as `sweep` does."""
    place = Path(folder)
    wanted = sweep_of(place)
    before = manifest_of(place)
    dtype, device = before.get("dtype", "float64"), before.get("device", "cpu")
    if dtype not in DTYPES:
        raise BadInput(f"{place / MANIFEST}: dtype is {dtype!r}; allowed are {', '.join(DTYPES)}")
    try:
        torch.device(device)
    except (RuntimeError, TypeError):
        raise BadInput(f"{place / MANIFEST}: device is {device!r}; allowed are cpu, cuda, cuda:0, ...") from None
    return _finish(place, wanted, points(wanted, str(folder)), playing, dtype, device)


def _finish(
    folder: Path, wanted: SweepFile, games: Sequence[Point], playing: Playing, dtype: str, device: str
) -> pd.DataFrame:
    """Play what is missing, then write the table of results."""
    chosen, numbers = only(games, playing.only, wanted.replicates)
    with alone(folder), _opened(folder) as ledger:
        started = datetime.now(UTC)
        _verify(folder, ledger)
        if playing.retry_failed:
            ledger.forget_failures()
        done = ledger.read().done
        _note(folder, wanted, games, started, dtype, device, len(done))
        todo = tasks(chosen, wanted.replicates, done, numbers)
        total = sum(len(task.keys) for task in todo)
        drive(folder, ledger, todo, playing.engine, playing.limits, dtype, device, partial(_told, playing, total))
        table = results(games, wanted.replicates, ledger.read().entries)
        replace_file(folder / RESULTS, parquet_bytes(table))
        _note(folder, wanted, games, started, dtype, device, len(done), ended=True)
    return table


def _told(playing: Playing, total: int, runs: int) -> None:
    playing.progress(runs, total)


def _wanted(file: str | Path | Mapping[str, Any] | SweepFile) -> SweepFile:
    if isinstance(file, SweepFile):
        return file
    return parsed(file) if isinstance(file, Mapping) else read_sweep(Path(file))


def _refuse_unplayable(games: Sequence[Point]) -> None:
    """Raises BadInput for what only building it can tell; beyond `TRIED` points the runs themselves say it."""
    for point in games[:TRIED]:
        try:
            build(point.config, point.config.name, (0,))
        except BadInput as error:
            raise BadInput(f"at {said(point.overrides)}: {error}") from None


def _opened(folder: Path) -> Ledger:
    """The ledger; a damaged one is put aside, and made anew from the tables."""
    ledger = None
    try:
        ledger = Ledger(folder)
        ledger.read()
        return ledger
    except (sqlite3.Error, ValueError, TypeError) as error:
        if isinstance(error, BadInput):
            raise
        if ledger is not None:
            ledger.close()
        put_aside(folder)
    ledger = Ledger(folder)
    ledger.say(_now(), "the ledger was damaged and is made anew")
    return ledger


def _verify(folder: Path, ledger: Ledger) -> None:
    """What the ledger lacks is taken from the tables, and a task whose tables are damaged is forgotten."""
    known = ledger.read()
    if not known.entries:
        for shard, worked in salvaged(folder):
            ledger.keep(shard, worked, {})
            ledger.say(_now(), f"{shard.task}: taken from its tables")
    for shard in known.shards.values():
        wrong = damage(folder, shard)
        if wrong is not None:
            ledger.forget(shard.task)
            ledger.say(_now(), f"{wrong}: its runs are played again")


def _note(
    folder: Path,
    wanted: SweepFile,
    games: Sequence[Point],
    started: datetime,
    dtype: str,
    device: str,
    before: int,
    ended: bool = False,
) -> None:
    document = {
        "schema_version": SCHEMA_VERSION,
        **provenance(),
        "kind": "sweep",
        "sweep": wanted.name,
        "seed": wanted.seed,
        "games": len(games),
        "runs": len(games) * wanted.replicates,
        "before": before,  # runs that were there at the start, so that the pace of the others can be told
        "config_sha256": config_sha(folder),
        "dtype": dtype,
        "device": device,
        "threads": 1,  # of a worker, whoever it is
        "start": started.isoformat(timespec="seconds"),
        "end": _now() if ended else None,
    }
    replace_file(folder / MANIFEST, (json.dumps(document, indent=2) + "\n").encode())


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
