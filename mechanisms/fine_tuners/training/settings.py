"""How adapters are trained, as numbers: the same settings and rewards give the same policy."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from mechanisms.language_models.ascent import Schedule

CHECKPOINTS = 8  # kept along a training run, evenly spaced, the last included


@dataclass(frozen=True)
class Settings:
    """Raises ValueError, naming the option, its value and what is allowed."""

    name: str
    model: str
    rank: int
    layers: int
    temperature: float
    seed: int
    schedule: Schedule
    samples: int = 0  # a prompt and step; 0: expectations over all candidates
    estimator: str = ""  # of the gradient, where responses are sampled
    best: bool = False  # keep the best policy along the way, which only expectations can tell

    def __post_init__(self) -> None:
        for option, value, least in (
            ("steps", self.schedule.steps, 1),
            ("rank", self.rank, 1),
            ("layers", self.layers, 0),
        ):
            if value < least:
                raise ValueError(f"{self.name}: {option} is {value}; allowed is {least} or more")
        for option, number in (("rate", self.schedule.rate), ("temperature", self.temperature)):
            if not number > 0:
                raise ValueError(f"{self.name}: {option} is {number}; allowed is above 0")

    def stopped(self, fraction: float) -> Settings:
        """The same training, given up after ceil(fraction * steps) steps; its rate falls to zero by then."""
        return replace(self, schedule=replace(self.schedule, steps=max(1, math.ceil(fraction * self.schedule.steps))))


def checkpoint_steps(steps: int) -> list[int]:
    """After how many steps a checkpoint is kept.

    >>> checkpoint_steps(20)
    [2, 5, 7, 10, 12, 15, 17, 20]
    """
    count = min(CHECKPOINTS, steps)
    return [steps * (place + 1) // count for place in range(count)]
