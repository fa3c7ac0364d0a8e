"""Run folders: what a game left behind, in formats that anything can read.

manifest.json     schema version, package versions, git state, seed, config hash, device, threads, start, end
config.toml       the resolved scenario, re-runnable as it is
adapters/         what was trained, where language models are (simulate/adapters/kept.py)
rounds.parquet    one row per replicate, round, agent
outcomes.parquet  one row per replicate, round
reports.parquet   what a few agents reported, in full (simulate/report_paths.py says how few)
policies.parquet  the reference and the last round's policy, response by response (simulate/last_policies.py)
summary.json      every metric with its interval
"""

from __future__ import annotations

import json
import math
import re
import shutil
import tempfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from simulate.adapters.tuned import trains
from simulate.config import Config
from simulate.errors import BadInput
from simulate.history import History
from simulate.manifest import SCHEMA_VERSION, manifest
from simulate.metrics import METRICS
from simulate.statistics import estimate
from simulate.unfinished import MARK, begun, finish
from simulate.whole_file import clear_drafts

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Run:
    """A run folder, read."""

    folder: Path
    manifest: dict[str, Any]
    config: dict[str, Any]
    summary: dict[str, Any]
    rounds: pd.DataFrame
    outcomes: pd.DataFrame
    reports: pd.DataFrame | None = None  # None where an earlier version wrote the folder, or they did not fit
    policies: pd.DataFrame | None = None  # the same


def checked_name(name: str, what: str = "name") -> str:
    """A name that is safe as a folder.  Raises BadInput."""
    if not NAME.fullmatch(name):
        raise BadInput(
            f"{what} is {name!r}; letters, digits, '.', '_' and '-' are allowed, 100 at most, no leading dot"
        )
    return name


def fresh_folder(folder: Path, overwrite: bool = False) -> Path:
    """A folder that may be written; an empty one, or with ``overwrite`` an older run folder.  Raises BadInput."""
    checked_name(folder.name, "the folder's name")
    if folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file; a folder is needed")
    if folder.is_dir() and any(folder.iterdir()):
        if begun(folder) and not overwrite:
            raise BadInput(f"{folder} holds an unfinished run: `trueward resume {folder}`, or say --overwrite")
        ours = any((folder / name).exists() for name in ("manifest.json", "comparison.json", MARK))
        if not overwrite:
            raise BadInput(f"{folder} is not empty; choose another --out, or say --overwrite")
        if not ours:
            raise BadInput(f"{folder} is not empty and not a run folder; it is not overwritten")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent):
            pass
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
    return folder


def summary_of(config: Config, history: History) -> dict[str, Any]:
    """Every metric's mean, interquartile mean and interval over replicates; NaN becomes null."""
    values = {name: metric.value(history) for name, metric in METRICS.items()}
    settled = values["convergence_round"]
    return {
        "scenario": config.name,
        "mechanism": mechanism_name(config),
        "rounds": config.rounds,
        "replicates": len(history.replicates),
        "seed": config.seed,
        "metrics": {name: _plain(asdict(estimate(value, config.seed))) for name, value in values.items()},
        "converged": float((settled == settled).mean()),
    }


def mechanism_name(config: Config) -> str:
    """The catalogue's name, or what a mechanism spelled out trains and charges."""
    given = config.mechanism
    if isinstance(given, str):
        return given
    parts = (given.training, given.divergence, given.payment, *([given.repeated] if given.repeated else []))
    return "+".join(part if isinstance(part, str) else str(part.get("name")) for part in parts)


def write_run(
    folder: Path, config: Config, history: History, started: datetime, options: dict[str, Any], out: Path | None = None
) -> dict[str, Any]:
    """Write a run folder, whole or not at all; returns the summary, which says that it lies at ``out``."""
    summary = {**summary_of(config, history), "out": str(out or folder)}
    resolved = resolved_toml(config)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        (draft / "config.toml").write_text(resolved, encoding="utf-8")
        write_parquet(draft / "rounds.parquet", history.agents_frame())
        write_parquet(draft / "outcomes.parquet", history.outcomes_frame())
        if history.paths is not None and history.paths.reported:
            write_parquet(draft / "reports.parquet", history.paths.frame())
        if history.policies is not None and len(history.policies.policies):
            write_parquet(draft / "policies.parquet", history.policies.frame(config.seed))
        write_json(draft / "summary.json", summary)
        write_json(draft / "manifest.json", manifest(config, resolved, started, options))
        place_run(draft, folder, config)
    return summary


def resolved_toml(config: Config) -> str:
    """The scenario with everything spelled out, as a file that is re-runnable as it is."""
    return tomli_w.dumps(_without_none(config.model_dump(mode="json", exclude_none=True)))


def place_run(draft: Path, folder: Path, config: Config) -> None:
    """Put a finished draft in the folder's place; where models were trained, beside the adapters that lie there."""
    if trains(config) and begun(folder):
        clear_drafts(folder)
        finish(draft, folder)
    else:
        replace_folder(draft, folder)


def replace_folder(draft: Path, folder: Path) -> None:
    """Put a finished draft in the folder's place."""
    if folder.exists():
        shutil.rmtree(folder)
    draft.rename(folder)


def read_run(folder: Path) -> Run:
    """Raises BadInput where the folder is not a run folder of a schema that is known."""
    manifest_ = read_json(folder / "manifest.json")
    version = manifest_.get("schema_version")
    if version != SCHEMA_VERSION:
        raise BadInput(
            f"{folder / 'manifest.json'}: schema_version is {version!r}; this version reads {SCHEMA_VERSION}"
        )
    import tomllib

    try:
        config = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
        rounds = pq.read_table(folder / "rounds.parquet").to_pandas()
        outcomes = pq.read_table(folder / "outcomes.parquet").to_pandas()
        pictured = [_if_there(folder / name) for name in ("reports.parquet", "policies.parquet")]
    except (OSError, tomllib.TOMLDecodeError, pa.ArrowInvalid) as error:
        raise BadInput(f"{folder}: not a complete run folder ({' '.join(str(error).split())[:200]})") from None
    return Run(folder, manifest_, config, read_json(folder / "summary.json"), rounds, outcomes, *pictured)


def _if_there(path: Path) -> pd.DataFrame | None:
    return pq.read_table(path).to_pandas() if path.exists() else None


def read_json(path: Path) -> dict[str, Any]:
    """Raises BadInput naming the file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # not JSON, or not UTF-8
        raise BadInput(f"{path}: cannot be read as JSON ({' '.join(str(error).split())[:200]})") from None
    if not isinstance(data, dict):
        raise BadInput(f"{path}: holds a {type(data).__name__}; a mapping is expected")
    return data


def write_json(path: Path, data: Any) -> None:
    """Sorted by nothing, indented, no NaN."""
    path.write_text(json.dumps(_plain(data), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def write_parquet(path: Path, frame: pd.DataFrame) -> None:
    """The file of `parquet_bytes`."""
    path.write_bytes(parquet_bytes(frame))


def parquet_bytes(frame: pd.DataFrame) -> bytes:
    """The same frame gives the same bytes: one row group, no pandas metadata."""
    sink = pa.BufferOutputStream()
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, sink, compression="zstd", row_group_size=max(1, len(frame)))
    return sink.getvalue().to_pybytes()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(entry) for key, entry in value.items() if entry is not None}
    return [_without_none(entry) for entry in value] if isinstance(value, list) else value
