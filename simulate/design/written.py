"""A scenario as a file, in the format that its suffix says."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import tomli_w

from simulate.config import Config
from simulate.errors import BadInput
from simulate.files import SUFFIXES


def checked_file(path: Path, overwrite: bool) -> Path:
    """A scenario file that may be written.  Raises BadInput."""
    if path.suffix not in SUFFIXES:
        raise BadInput(f"--out {path}: suffix {path.suffix!r} is not known; allowed are {', '.join(SUFFIXES)}")
    if path.is_dir():
        raise BadInput(f"--out {path} is a folder; a file is needed")
    if path.exists() and not overwrite:
        raise BadInput(f"--out {path} exists; choose another file, or say --overwrite")
    return path


def write_scenario(path: Path, config: Config) -> Path:
    """Everything that the scenario says, re-runnable as it is.  Raises BadInput where it cannot be written."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(scenario_text(config, path.suffix), encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from None
    return path


def scenario_text(config: Config, suffix: str) -> str:
    """TOML, YAML or JSON."""
    data = plain(config)
    if suffix == ".toml":
        return tomli_w.dumps(data)
    if suffix == ".json":
        return json.dumps(data, indent=2, allow_nan=False) + "\n"
    from ruamel.yaml import YAML

    page, yaml = io.StringIO(), YAML(typ="safe", pure=True)
    yaml.default_flow_style = None  # rows of numbers on one line
    yaml.representer.ignore_aliases = lambda data: True
    yaml.dump(data, page)
    return page.getvalue()


def plain(config: Config) -> dict[str, Any]:
    """What is not said is left out: TOML has no word for nothing."""
    return _without_none(config.model_dump(mode="json", exclude_none=True))


def _without_none(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_none(entry) for key, entry in value.items() if entry is not None}
    return [_without_none(entry) for entry in value] if isinstance(value, list) else value
