"""The folder of a sweep: what lies where, whole or not at all.

manifest.json            versions, git state, seed, device, dtype, start and end
config.toml              the sweep file, its base spelled out
ledger.sqlite            which runs are done, what they measured, why the others failed
rounds/TASK.parquet      one row per run, round, agent: the runs of a task
outcomes/TASK.parquet    one row per run, round; its metadata holds the runs' metrics once more
results.parquet          one row per run, sorted by run key: what varies, state, metrics
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from simulate.errors import BadInput
from simulate.files import read_mapping
from simulate.manifest import SCHEMA_VERSION
from simulate.sweeps.file import SweepFile, as_toml, read_sweep
from simulate.sweeps.ledger import Ledger, Shard, clear_log
from simulate.sweeps.place import CONFIG, LEDGER, LOCK, MANIFEST, OUTCOMES, ROUNDS, is_sweep
from simulate.sweeps.work import Worked
from simulate.whole_file import clear_drafts, replace_file

METRICS_KEY = b"trueward.metrics"
DAMAGED = ".damaged"  # ends the name of what cannot be read and was put aside


def begin(folder: Path, sweep: SweepFile) -> None:
    """A folder with the sweep, whatever was played there.  Raises OSError, and BadInput where a driver is at work."""
    for part in (ROUNDS, OUTCOMES):
        (folder / part).mkdir(parents=True, exist_ok=True)
    with alone(folder):
        replace_file(folder / CONFIG, as_toml(sweep).encode())


def sweep_of(folder: Path) -> SweepFile:
    """What is swept there.  Raises BadInput, also where the manifest knows that the file was another one."""
    if not is_sweep(folder):
        raise BadInput(f"{folder}: not the folder of a sweep ({CONFIG} and {ROUNDS}/ are expected)")
    known = manifest_of(folder).get("config_sha256")
    if known not in (None, config_sha(folder)):
        raise BadInput(
            f"{folder / CONFIG}: not what {MANIFEST} knows (SHA-256 {str(known)[:12]}); "
            f"`trueward sweep FILE --out {folder} --resume` goes on with another sweep file"
        )
    return read_sweep(folder / CONFIG)


def manifest_of(folder: Path) -> dict[str, Any]:
    """Empty where there is none yet.  Raises BadInput where it is damaged, or of a later Trueward."""
    if not (folder / MANIFEST).is_file():
        return {}
    found = read_mapping(folder / MANIFEST)
    version, runs = found.get("schema_version"), found.get("runs")
    if not isinstance(version, int) or isinstance(version, bool) or version > SCHEMA_VERSION:
        raise BadInput(
            f"{folder / MANIFEST}: schema_version is {version!r}; this Trueward knows {SCHEMA_VERSION} and below"
        )
    if not isinstance(runs, int) or isinstance(runs, bool):
        raise BadInput(f"{folder / MANIFEST}: runs is {runs!r}; a number of runs is expected")
    return found


def config_sha(folder: Path) -> str:
    """Of the sweep's own file."""
    return hashlib.sha256((folder / CONFIG).read_bytes()).hexdigest()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The lock of the one driver; the kernel takes it back from a dead one.  Raises BadInput where it is taken."""
    try:
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise BadInput(f"{folder}: another trueward is at work on this sweep; one at a time is allowed") from None
    try:
        clear_drafts(folder)
        yield
    finally:
        os.close(descriptor)


def keep(folder: Path, ledger: Ledger, task: str, worked: Worked, attempts: dict[str, int]) -> None:
    """The files first, then the ledger, which alone says that they count.  Raises OSError or sqlite3.Error."""
    rounds, outcomes = encoded(worked.rounds), encoded(worked.outcomes, json.dumps(worked.done).encode())
    for part, content in ((ROUNDS, rounds), (OUTCOMES, outcomes)):
        if content is not None:
            replace_file(folder / part / f"{task}.parquet", content)
    ledger.keep(Shard(task, _sha(rounds), _sha(outcomes), worked.seconds), worked, attempts)


def damage(folder: Path, shard: Shard) -> str | None:
    """What is wrong with a task's files; None where they are what was written."""
    for part, sha in ((ROUNDS, shard.rounds), (OUTCOMES, shard.outcomes)):
        path = folder / part / f"{shard.task}.parquet"
        if sha is None:
            continue
        try:
            found = hashlib.sha256(path.read_bytes()).hexdigest()
        except OSError as error:
            return f"{path}: cannot be read ({error.strerror})"
        if found != sha:
            return f"{path}: not what was written (SHA-256 {found[:12]}, {sha[:12]} is expected)"
    return None


def read_table(folder: Path, part: str, shard: Shard) -> pa.Table | None:
    """A task's rounds or outcomes, verified; None where all its runs failed.  Raises BadInput."""
    wrong = damage(folder, shard)
    if wrong is not None:
        raise BadInput(f"{wrong}; `trueward resume {folder}` plays its runs again")
    if shard.rounds is None:
        return None
    return pq.read_table(folder / part / f"{shard.task}.parquet").replace_schema_metadata(None)


def salvaged(folder: Path) -> Iterator[tuple[Shard, Worked]]:
    """Everything that the tables still hold, for a ledger that was lost; what cannot be read is passed over."""
    for path in sorted((folder / OUTCOMES).glob("*.parquet")):
        rounds = folder / ROUNDS / path.name
        try:
            metadata = pq.read_metadata(path).metadata or {}
            done = json.loads(metadata[METRICS_KEY])
            for each in (path, rounds):
                pq.read_table(each, page_checksum_verification=True)
            shas = [hashlib.sha256(each.read_bytes()).hexdigest() for each in (rounds, path)]
        except (OSError, KeyError, ValueError, pa.ArrowException):
            continue
        yield Shard(path.stem, shas[0], shas[1], 0.0), Worked(None, None, done)


def put_aside(folder: Path) -> Path:
    """A damaged ledger out of the way, with all that belongs to it."""
    aside = folder / f"{LEDGER}{DAMAGED}"
    clear_log(folder)
    return (folder / LEDGER).replace(aside)


def encoded(table: pa.Table | None, metrics: bytes | None = None) -> bytes | None:
    """A Parquet file, the same bytes for the same table; its pages carry checksums."""
    if table is None:
        return None
    sink = pa.BufferOutputStream()
    named = table.replace_schema_metadata(None if metrics is None else {METRICS_KEY: metrics})
    pq.write_table(named, sink, compression="zstd", row_group_size=max(1, len(table)), write_page_checksum=True)
    return sink.getvalue().to_pybytes()


def _sha(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()
