"""Catalogue of the figures of a sweep."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from matplotlib.figure import Figure

from reports.sweeps import curves, dots, plane
from reports.sweeps.arms import Swept


@dataclass(frozen=True)
class Illustration:
    """A figure, whether it would show anything, and what it shows."""

    title: str
    tells: Callable[[Swept], bool]
    draw: Callable[[Swept], Figure]
    caption: Callable[[Swept], str]


ILLUSTRATIONS: dict[str, Illustration] = {
    "arms": Illustration("Which arm does best?", dots.tells, dots.figure, dots.caption),
    "along": Illustration("How does it change?", curves.tells, curves.figure, curves.caption),
    "plane": Illustration("Where do agents lie?", plane.tells, plane.figure, plane.caption),
}
