"""A time limit that a search asks about between its steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Clock:
    """Started when it is made; ``out`` once ``seconds`` have passed.

    Raises ValueError for a limit that is not a positive number.
    """

    seconds: float
    deadline: float

    @classmethod
    def of(cls, seconds: float) -> Clock:
        """A clock that starts now."""
        if isinstance(seconds, bool) or not seconds > 0 or math.isnan(seconds):
            raise ValueError(f"seconds is {seconds!r}; allowed are numbers above 0")
        return cls(seconds, time.monotonic() + seconds)

    def without(self, work: Callable[[], object]) -> Clock:
        """The clock after ``work``, which is no search and takes nothing from its time, such as to load a solver."""
        began = time.monotonic()
        work()
        return replace(self, deadline=self.deadline + (time.monotonic() - began))

    @property
    def out(self) -> bool:
        """Is the time up?"""
        return time.monotonic() > self.deadline

    @property
    def sentence(self) -> str:
        """What an answer says of a search that it ended."""
        return f"the time limit of {self.seconds:g} s ended the search"
