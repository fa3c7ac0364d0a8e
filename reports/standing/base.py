"""How far a folder is, and how a kind of folder is recognised and read."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Standing:
    """``done`` of ``total`` ``units``; where ``total`` is None nobody knows how many there will be."""

    what: str  # run, comparison, fine-tune
    scenario: str
    ended: bool
    units: str
    done: int
    total: int | None
    written: float | None  # when the youngest file was written, seconds since the epoch
    facts: tuple[tuple[str, str], ...] = field(default=())  # more to say, name by name


@dataclass(frozen=True)
class Kind:
    """A kind of folder."""

    is_of: Callable[[Path], bool]
    read: Callable[[Path], Standing]


def youngest(files: Iterable[Path]) -> float | None:
    """When the last of the files was written; those that vanish while one looks are passed over."""
    times = []
    for path in files:
        try:
            times.append(path.stat().st_mtime)
        except OSError:
            continue
    return max(times, default=None)
