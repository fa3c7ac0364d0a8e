"""One line of a model description, and who says it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Source = Literal["file", "code", "gap"]


@dataclass(frozen=True)
class Statement:
    """``source``: the scenario file, the code's own words, or nobody yet (a gap, which a person must fill)."""

    about: str
    says: str
    source: Source


def gap(about: str, what: str) -> Statement:
    """Something that no file and no docstring knows.

    >>> gap("patterns", "what is to be seen again").says
    'A person must write: what is to be seen again.'
    """
    return Statement(about, f"A person must write: {what}.", "gap")


def in_code(about: str, *sentences: str, lacking: str) -> Statement:
    """What the code says of itself, or the gap where it says nothing."""
    said = [sentence for sentence in sentences if sentence]
    return Statement(about, f"{'. '.join(said)}.", "code") if said else gap(about, lacking)


def distinct(specs: Iterable[Any]) -> Sequence[Any]:
    """In their order, each once."""
    found: dict[str, Any] = {}
    for spec in specs:
        found.setdefault(repr(spec), spec)
    return list(found.values())
