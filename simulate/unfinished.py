"""Runs that train language models have a folder from the start, so that an interrupted one can be finished.

unfinished.json   the command, and how it was to be played; removed when the folder is whole
config.toml       the resolved scenario
adapters/         what was trained so far
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simulate.config import Config
from simulate.errors import BadInput
from simulate.files import read_mapping
from simulate.load import load

MARK = "unfinished.json"
CONFIG = "config.toml"
ADAPTERS = "adapters"


@dataclass(frozen=True)
class Unfinished:
    """What it takes to play a run again, to the byte: replicates that train side by side share their roundings."""

    command: str  # that began it
    batch: int | None
    device: str
    dtype: str
    start: str  # ISO 8601
    mechanisms: tuple[str, ...] = ()  # of a comparison
    only: int | None = None  # the one replicate that is played

    @property
    def options(self) -> dict[str, Any]:
        """For the manifest: how it was played, beside what the scenario says."""
        given = {"batch": self.batch, "only_replicate": self.only}
        return {"device": self.device, "dtype": self.dtype} | {k: v for k, v in given.items() if v is not None}


def begin(folder: Path, resolved: str, run: Unfinished) -> None:
    """A folder with the resolved scenario and the mark; whatever was there before is gone."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    (folder / CONFIG).write_text(resolved, encoding="utf-8")
    draft = folder / f".{MARK}"
    draft.write_text(json.dumps(asdict(run), indent=2) + "\n", encoding="utf-8")
    draft.rename(folder / MARK)


def begun(folder: Path) -> bool:
    """Is there an unfinished run in the folder?"""
    return (folder / MARK).is_file()


def unfinished(folder: Path) -> tuple[Unfinished, Config]:
    """How the run of an unfinished folder goes on.  Raises BadInput where there is none, or it cannot be read."""
    if not begun(folder):
        raise BadInput(f"{folder}: {_instead(folder)}; allowed is the folder of an interrupted run ({MARK})")
    return _run(read_mapping(folder / MARK), folder / MARK), load(folder / CONFIG)


def finish(draft: Path, folder: Path) -> None:
    """Move a draft's files into an unfinished folder, the mark away when all are there."""
    for path in sorted(each for each in draft.rglob("*") if each.is_file()):
        place = folder / path.relative_to(draft)
        place.parent.mkdir(parents=True, exist_ok=True)
        path.replace(place)
    (folder / MARK).unlink()


def _run(given: Mapping[str, Any], path: Path) -> Unfinished:
    try:
        names = tuple(given.get("mechanisms", ()))
        return Unfinished(**{**given, "mechanisms": names})
    except TypeError:
        raise BadInput(f"{path}: keys are {', '.join(given)}; it was not written by this version") from None


def _instead(folder: Path) -> str:
    if not folder.is_dir():
        return "no such folder"
    whole = any((folder / name).is_file() for name in ("manifest.json", "comparison.json"))
    return "finished already, nothing is left to resume" if whole else "not the folder of a run"
