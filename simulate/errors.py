"""The one error a user can mend: bad input, said in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ValidationError

from mechanisms.named import unknown

Location = tuple[int | str, ...]
LONGEST = 1000  # letters of a message
NAMES = "letters, digits, '.', '_' and '-', 100 at most, the first a letter or a digit"


class BadInput(ValueError):
    """Names file, key, value and what is allowed; the command line prints it and exits with 2."""

    def __init__(self, message: str) -> None:
        super().__init__(_bounded(printable(message)))


def _bounded(text: str) -> str:
    """Its start, which says where, and its end, which says what is allowed."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 300]} ... {text[-295:]}"


def printable(text: str) -> str:
    """One line in which control characters are spelled out, so that nobody's input can steer a terminal.

    >>> printable("a\\x1b[31m\\nb")
    'a\\\\x1b[31m\\\\nb'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode("ascii") for c in text)


def no_such(what: str, name: str, known: Iterable[str]) -> BadInput:
    """An unknown name, with the nearest known one."""
    return BadInput(unknown(what, name, known))


def sentence(error: ValidationError, model: type[BaseModel] | None = None) -> str:
    """The first thing that pydantic found: key, value, what is allowed; ``model`` knows the keys there are."""
    first = error.errors(include_url=False)[0]
    where, kind = _dotted(first["loc"]), first["type"]
    if kind in ("extra_forbidden", "unexpected_keyword_argument"):
        parent = _dotted(first["loc"][:-1])
        return unknown(f"key in {parent}:" if parent else "key", str(first["loc"][-1]), _keys(model, first["loc"][:-1]))
    if kind in ("missing", "missing_argument"):
        return f"{where} is missing"
    said = f"{where or 'the document'} is {shorten(first['input'])}"
    if kind == "string_pattern_mismatch" and "{0,99}" in str(first.get("ctx")):
        return f"{said}; allowed are {NAMES}"
    message = str(first["msg"])
    if kind == "value_error":
        return f"{said}: {message.removeprefix('Value error, ')}"
    return f"{said}; allowed: {message.removeprefix('Input should be ')}"


def shorten(value: object, limit: int = 60) -> str:
    """``value`` as it would be typed, cut to ``limit`` letters."""
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def _is_branch(part: int | str) -> bool:
    """Pydantic names the branch of a union it tried; the file has no such key."""
    return isinstance(part, str) and (not part.isidentifier() or part in ("str", "float") or part[0].isupper())


def _dotted(location: Location) -> str:
    return ".".join(str(part) for part in location if not _is_branch(part))


def _keys(model: Any, location: Location) -> list[str]:
    for part in location:
        if model is not None and isinstance(part, str) and not _is_branch(part):
            model = _model_in(model.model_fields[part].annotation) if part in model.model_fields else None
    return [field.alias or name for name, field in model.model_fields.items()] if model is not None else []


def _model_in(annotation: Any) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = getattr(annotation, "__args__", ())
    return next((found for arg in inner if (found := _model_in(arg)) is not None), None)
