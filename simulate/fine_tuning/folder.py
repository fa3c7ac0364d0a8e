"""The folder of a fine-tune, from its first step on.

manifest.json            as of a run; kind finetune; state training until everything below is there
config.toml              the resolved game, re-runnable as it is
checkpoint.safetensors   while it trains: adapters, Adam's running means, what every step saw
steps.parquet            one row a step: rewards at the reports and at the truth, kl, objective, tokens
samples.parquet          one row a response, before and after
adapters.safetensors     what was trained
summary.json             rewards before and after, welfare, payments, with intervals
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import tomli_w

from mechanisms.language_models.adapters import Adapters
from simulate.config import Config, parse
from simulate.errors import BadInput, shorten
from simulate.fine_tuning.begun import KIND, how_to_resume, is_done
from simulate.fine_tuning.checkpoint import CHECKPOINT, Checkpoint, packed, written
from simulate.fine_tuning.outcome import Outcome
from simulate.fine_tuning.plan import Plan
from simulate.fine_tuning.training import columns
from simulate.manifest import manifest
from simulate.store import parquet_bytes, read_json


@dataclass(frozen=True)
class FineTune:
    """A finished folder, read."""

    folder: Path
    manifest: dict[str, Any]
    config: Config
    summary: dict[str, Any]
    steps: pd.DataFrame
    samples: pd.DataFrame


def resolved(config: Config) -> str:
    """The game as TOML."""
    return tomli_w.dumps(config.model_dump(mode="json", exclude_none=True))


def digest(config: Config) -> str:
    """Of the game as TOML."""
    return hashlib.sha256(resolved(config).encode()).hexdigest()


def begin(folder: Path, config: Config, options: dict[str, Any], started: datetime) -> None:
    """A new folder, in the place of an older one, with what an interrupted run needs to be resumed."""
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
    written(folder / "config.toml", resolved(config).encode())
    _write_manifest(folder, config, options, started, "training")


def finish(folder: Path, plan: Plan, last: Checkpoint, outcome: Outcome, options: dict[str, Any]) -> dict[str, Any]:
    """Everything measured; the manifest says so last.  Returns the summary."""
    names = [party.name for party in plan.parties]
    prompts, temperature = plan.reference.prompts, plan.reference.temperature
    heard = pd.concat([stage.frame(prompts, names) for stage in (outcome.before, outcome.after)], ignore_index=True)
    told = {"trained": json.dumps({"language_model": plan.reference.language_model, "temperature": temperature})}
    summary = outcome.summary()
    written(folder / "steps.parquet", parquet_bytes(steps_frame(plan, last)))
    written(folder / "samples.parquet", parquet_bytes(heard))
    written(folder / "adapters.safetensors", packed(last.standing.adapters.named(), told))
    written(folder / "summary.json", _json(summary))
    started = datetime.fromisoformat(read_json(folder / "manifest.json")["start"])
    _write_manifest(folder, plan.config, options, started, "done")
    (folder / CHECKPOINT).unlink(missing_ok=True)
    return summary


def steps_frame(plan: Plan, last: Checkpoint) -> pd.DataFrame:
    """One row a step: means over its own samples; objective = sum w report - beta kl, what is climbed."""
    frame = pd.DataFrame(last.seen.numpy(), columns=columns(plan))
    welfare = sum(party.reported_weight * frame[f"report.{party.name}"] for party in plan.parties)
    tokens = frame.pop("tokens").astype("int64")
    return frame.assign(objective=welfare - plan.beta * frame["kl"], tokens=tokens).rename_axis("step").reset_index()


def require_same(folder: Path, config: Config, source: str) -> None:
    """Raises BadInput naming the first key in which the game differs from the one that the folder is about."""
    mine, theirs = (flat(each.model_dump(mode="json")) for each in (config, config_of(folder)))
    for key in sorted(mine | theirs):
        if mine.get(key) != theirs.get(key):
            said = f"{key} is {shorten(mine.get(key))} in {source}, but {shorten(theirs.get(key))}"
            raise BadInput(f"{said} in {folder / 'config.toml'}; only the same game can be resumed")


def flat(data: Any, key: str = "") -> dict[str, Any]:
    """Nested mappings and lists by dotted keys.

    >>> flat({"a": [1, {"b": 2}]})
    {'a.0': 1, 'a.1.b': 2}
    """
    if not isinstance(data, dict | list):
        return {key: data}
    pairs = data.items() if isinstance(data, dict) else enumerate(data)
    return {dotted: v for k, each in pairs for dotted, v in flat(each, f"{key}.{k}" if key else str(k)).items()}


def config_of(folder: Path) -> Config:
    """The game that a folder is about.  Raises BadInput."""
    path = folder / "config.toml"
    try:
        return parse(tomllib.loads(path.read_text(encoding="utf-8")), str(path))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise BadInput(f"{path}: cannot be read ({' '.join(str(error).split())[:200]})") from None


def read_fine_tune(folder: Path) -> FineTune:
    """Raises BadInput where something is missing, or training has not ended."""
    if not is_done(folder):
        raise BadInput(f"{folder}: this fine-tune has not ended; {how_to_resume(folder)}")
    try:
        steps, samples = (pq.read_table(folder / f"{name}.parquet").to_pandas() for name in ("steps", "samples"))
    except (OSError, pa.ArrowInvalid) as error:
        raise BadInput(f"{folder}: not a complete folder ({' '.join(str(error).split())[:200]})") from None
    read = read_json(folder / "manifest.json"), config_of(folder), read_json(folder / "summary.json")
    return FineTune(folder, *read, steps, samples)


def adapters_of(folder: Path) -> Adapters:
    """What was trained, a stack of one.  Raises OSError, SafetensorError."""
    from safetensors.torch import load_file

    return Adapters.from_named(load_file(folder / "adapters.safetensors"))


def _write_manifest(folder: Path, config: Config, options: dict[str, Any], started: datetime, state: str) -> None:
    told = {"kind": KIND, "state": state, **manifest(config, resolved(config), started, options)}
    if state != "done":
        told["end"] = None
    written(folder / "manifest.json", _json(told))


def _json(data: dict[str, Any]) -> bytes:
    return (json.dumps(data, indent=2, allow_nan=False) + "\n").encode()
