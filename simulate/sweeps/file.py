"""The sweep file: a base scenario, the keys that vary, and how many runs of each."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tomli_w
from pydantic import ConfigDict, Field, ValidationError

from simulate.config import Strict
from simulate.errors import BadInput, sentence, shorten
from simulate.files import read_mapping
from simulate.load import given, stem

MOST_RUNS = 1_000_000  # of one sweep: its ledger and table of results are read into memory


class SweepFile(Strict):
    """``grid`` is every combination of its values; ``list`` adds single points, each a mapping of overrides."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: str = Field("sweep", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    base: str | dict[str, Any]
    grid: dict[str, list[Any]] = Field(default_factory=dict)
    points: list[dict[str, Any]] = Field(default_factory=list, alias="list")
    replicates: int = Field(8, ge=1, le=MOST_RUNS, strict=True)
    seed: int = Field(0, ge=0, lt=2**128, strict=True)

    @property
    def runs(self) -> int:
        """How many runs there are, equal games counted twice."""
        grid = math.prod(len(values) for values in self.grid.values()) if self.grid or not self.points else 0
        return self.replicates * (grid + len(self.points))


def read_sweep(path: Path) -> SweepFile:
    """Raises BadInput naming the file, the key, the value and what is allowed."""
    data = read_mapping(path)
    return parsed({"name": stem(path, "sweep"), **data}, str(path), path.parent)


def parsed(data: Mapping[str, Any], source: str = "sweep", beside: Path = Path()) -> SweepFile:
    """The base spelled out, so that the sweep stands alone; its file may lie ``beside``.  Raises BadInput."""
    try:
        found = SweepFile.model_validate(dict(data))
    except ValidationError as error:
        raise BadInput(f"{source}: {sentence(error, SweepFile)}") from None
    for key, values in found.grid.items():
        if not values:
            raise BadInput(f"{source}: grid.{key} is an empty list; one value or more is expected")
    for key in (*found.grid, *(key for point in found.points for key in point)):
        if key in ("replicates", "name", "summary"):
            raise BadInput(f"{source}: {key} cannot vary over a sweep; say it beside the grid")
    if found.runs > MOST_RUNS:
        raise BadInput(f"{source}: {found.runs:,} runs; at most {MOST_RUNS:,} are allowed")
    return found.model_copy(update={"base": _base(found.base, source, beside)})


def as_toml(sweep: SweepFile) -> str:
    """A file that `read_sweep` reads back as it is.  Raises BadInput where TOML has no word for a value."""
    try:
        return tomli_w.dumps(sweep.model_dump(mode="json", by_alias=True))
    except TypeError as error:
        raise BadInput(f"sweep: null cannot be kept in a file ({error})") from None


def _base(base: str | dict[str, Any], source: str, beside: Path) -> dict[str, Any]:
    if isinstance(base, dict):
        return base
    there = beside / base
    try:
        data, _ = given(there if there.is_file() else base)
    except BadInput as error:
        raise BadInput(f"{source}: base: {error}") from None
    except OSError as error:  # no name that a disk could hold
        raise BadInput(f"{source}: base is {shorten(base)}: {error.strerror}") from None
    return {"name": base, **data} if _names(base) else dict(data)


def _names(base: str) -> bool:
    return "/" not in base and "." not in base
