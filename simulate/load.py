"""A scenario by name, file or mapping, checked as far as that needs no tensors."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulate.config import Config, override, parse
from simulate.errors import BadInput, no_such
from simulate.files import SUFFIXES, read_mapping
from simulate.fine_tuning.games import OPEN_TEXT
from simulate.scenarios import SCENARIOS


def load(scenario: str | Path | Mapping[str, Any], settings: Mapping[str, Any] | None = None) -> Config:
    """A built-in name, a file or a mapping, with dotted ``settings`` on top.  Raises BadInput."""
    data, source = given(scenario)
    return parse(override(data, settings or {}), source)


def given(scenario: str | Path | Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """What a name, a file or a mapping says, unchecked, and what to call it in messages.  Raises BadInput."""
    if isinstance(scenario, Mapping):
        return scenario, "scenario"
    built_in = SCENARIOS | OPEN_TEXT
    if str(scenario) in built_in:
        return built_in[str(scenario)], str(scenario)
    path = Path(scenario)
    if path.suffix in SUFFIXES or path.exists():
        data = read_mapping(path)
        return {"name": stem(path, "game"), **data}, str(path)
    raise BadInput(f"{no_such('scenario', str(scenario), built_in)}, or a {', '.join(SUFFIXES)} file")


def stem(path: Path, otherwise: str) -> str:
    """The file's name where it can name what is in it."""
    name = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in path.stem)[:100]
    return name if name[:1].isalnum() else otherwise
