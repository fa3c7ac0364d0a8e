"""Where a training run stands: a value that can be written down, and taken up again to the same numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.ascent import Schedule, follow, optimiser

PARTS = ("adapters", "first", "second")


@dataclass(frozen=True)
class Standing:
    """After ``step`` steps of Adam: the adapters, and the running means of their slopes and squared slopes."""

    step: int
    adapters: Adapters
    first: Adapters
    second: Adapters

    @classmethod
    def at_start(cls, adapters: Adapters) -> Standing:
        """Before the first step."""
        return cls(0, adapters.detached(), adapters.each(torch.zeros_like), adapters.each(torch.zeros_like))

    def after(self, trained: Adapters, schedule: Schedule) -> Standing:
        """One step down the gradients that ``trained``, a trainable copy of the adapters, holds."""
        adam, first, second = optimiser(trained), self.first.detached(), self.second.detached()
        for value, mean, square in zip(*(each.parameters() for each in (trained, first, second)), strict=True):
            # torch changes these tensors in place, and so the copies
            adam.state[value] = {"step": torch.tensor(float(self.step)), "exp_avg": mean, "exp_avg_sq": square}
        follow(trained, adam, schedule, self.step)
        return Standing(self.step + 1, trained.detached(), first, second)

    def named(self) -> dict[str, Tensor]:
        """Every tensor under one name."""
        parts = {part: getattr(self, part).named() for part in PARTS}
        tensors = {f"{part}.{name}": value for part, named in parts.items() for name, value in named.items()}
        return {"step": torch.tensor(self.step), **tensors}

    @classmethod
    def from_named(cls, tensors: Mapping[str, Tensor]) -> Standing:
        """What `named` wrote; other names are passed over.  Raises KeyError where one is missing."""
        parts = [
            Adapters.from_named({n.removeprefix(f"{part}."): t for n, t in tensors.items() if n.startswith(f"{part}.")})
            for part in PARTS
        ]
        return cls(int(tensors["step"]), *parts)
