"""Runs that a report should be about and cannot be: which, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.text import listed
from simulate.unfinished import begun

NAMED = 10  # runs that a sentence can hold


@dataclass(frozen=True)
class Absent:
    """A run that could not be read; ``error`` names the folder as the reader gave it."""

    name: str
    folder: Path
    error: str

    @property
    def why(self) -> str:
        """The end of a sentence, the same wherever the folder lies."""
        for place in (self.folder, self.folder.parent):
            if begun(place):
                return f"it was interrupted (`trueward resume {place.resolve().name}` finishes it)"
        if not self.folder.is_dir():
            return "its folder is not there"
        return self.error.replace(str(self.folder), self.folder.resolve().name)


def missing_sentence(absent: Sequence[Absent], present: Sequence[str]) -> str | None:
    """What is missing and why, before anything else is said; None where nothing is.

    >>> missing_sentence([], ["vcg"]) is None
    True
    """
    if not absent:
        return None
    alone = f"Everything below is about {listed(present)} alone."
    return f"{len(absent)} of {len(absent) + len(present)} runs cannot be read. {reasons(absent)}. {alone}"


def reasons(absent: Sequence[Absent]) -> str:
    """Each run, and why it is not there; of many, the first few."""
    said = "; ".join(f"{one.name}: {one.why}" for one in absent[:NAMED])
    return said if len(absent) <= NAMED else f"{said}; and {len(absent) - NAMED} more, all named in tables/missing.csv"
