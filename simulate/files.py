"""Reading TOML, YAML 1.2 and JSON that somebody else wrote: plain data, no aliases, nothing said twice."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from simulate.errors import BadInput

MAX_BYTES = 20_000_000
MAX_DEPTH = 32  # a game needs six levels; a parser's stack holds a few hundred
SUFFIXES = (".toml", ".yaml", ".yml", ".json")


def read_mapping(path: Path) -> dict[str, Any]:
    """The mapping in a file.  Raises BadInput naming the file and, where the parser knows it, the line."""
    if path.suffix not in SUFFIXES:
        raise BadInput(f"{path}: suffix {path.suffix!r} is not known; allowed are {', '.join(SUFFIXES)}")
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{path}: {len(raw)} bytes; at most {MAX_BYTES} are allowed")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{path}: byte {error.start} is not UTF-8") from None
    parse = {".toml": _toml, ".json": _json}.get(path.suffix, _yaml)
    try:
        data = parse(text)
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    except RecursionError:
        raise BadInput(f"{path}: nested deeper than {MAX_DEPTH} levels") from None
    if not isinstance(data, dict):
        raise BadInput(f"{path}: holds a {type(data).__name__}; a mapping of keys is expected")
    return data


def _toml(text: str) -> Any:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"not TOML: {error}") from None


def _json(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        mapping = dict(pairs)
        if len(mapping) < len(pairs):
            keys = [key for key, _ in pairs]
            raise BadInput(f"key {next(k for k in keys if keys.count(k) > 1)!r} occurs twice")
        return mapping

    def refuse(constant: str) -> Any:
        raise BadInput(f"{constant} is not a finite number")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=refuse)
    except json.JSONDecodeError as error:
        raise BadInput(f"not JSON: {error}") from None


def _yaml(text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import AliasEvent, CollectionEndEvent, CollectionStartEvent

    try:
        depth = 0
        # Events come before anything is built, so a bomb is refused before it can grow.
        for event in YAML(typ="safe", pure=True).parse(text):
            depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if depth > MAX_DEPTH:
                raise BadInput(f"line {event.start_mark.line + 1}: nested deeper than {MAX_DEPTH} levels")
            if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
                raise BadInput(f"line {event.start_mark.line + 1}: anchors and aliases are not allowed")
            if getattr(event, "tag", None):
                raise BadInput(f"line {event.start_mark.line + 1}: the tag {event.tag} is not allowed")
        return YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = " ".join((error.problem or "not YAML").split("\n")[0].split())
        raise BadInput(f"{where}{problem}") from None
    except YAMLError as error:
        raise BadInput(f"not YAML: {' '.join(str(error).split())[:200]}") from None
