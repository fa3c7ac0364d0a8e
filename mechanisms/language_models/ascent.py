"""Adam on stacked adapters: every adapter is clipped and stepped by itself, as if it were trained alone."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters

LEAST_NORM = 1e-12  # of a gradient that is to be scaled to the clipping norm


@dataclass(frozen=True)
class Schedule:
    """``steps`` steps of Adam, the rate falling linearly to zero after ``warm_up`` steps of rising to ``rate``."""

    steps: int
    rate: float
    clip: float = 1.0  # largest norm of an adapter's gradient, in nats
    warm_up: int = 3

    def rate_at(self, step: int) -> float:
        """The rate of step 0, 1, ...

        >>> [round(Schedule(4, 1.0, warm_up=2).rate_at(step), 2) for step in range(4)]
        [0.5, 0.75, 0.5, 0.25]
        """
        rising = min(1.0, (step + 1) / self.warm_up) if self.warm_up else 1.0
        return self.rate * rising * (self.steps - step) / self.steps


def optimiser(adapters: Adapters) -> torch.optim.Adam:
    """Adam works entry by entry, so one optimiser of stacked tensors is S optimisers."""
    return torch.optim.Adam(adapters.parameters(), lr=1.0)


def step(adapters: Adapters, adam: torch.optim.Adam, losses: Tensor, schedule: Schedule, number: int) -> None:
    """One step down ``losses [S]``, each adapter's own."""
    adam.zero_grad(set_to_none=True)
    losses.sum().backward()
    follow(adapters, adam, schedule, number)


def follow(adapters: Adapters, adam: torch.optim.Adam, schedule: Schedule, number: int) -> None:
    """One step down the gradients that the adapters hold."""
    clip(adapters, schedule.clip)
    for group in adam.param_groups:
        group["lr"] = schedule.rate_at(number)
    adam.step()


def clip(adapters: Adapters, most: float) -> None:
    """Scale every adapter's gradient to norm ``most`` where it is longer; a norm shared by all would couple them."""
    slopes = [value.grad for value in adapters.parameters() if value.grad is not None]
    norms = sum(slope.double().flatten(1).square().sum(1) for slope in slopes)
    assert isinstance(norms, Tensor)
    shrink = (most / norms.sqrt().clamp(min=LEAST_NORM)).clamp(max=1.0)
    for slope in slopes:
        slope.mul_(shrink.to(slope.dtype)[:, None, None])
