"""Random streams as arguments: one generator for every agent of every replicate, whatever the batching."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor


class Streams:
    """Independent streams for replicates ``[B]`` and agents ``[m]``, keyed by (seed, replicate, agent).

    A draw of agent j in replicate b never depends on who else is simulated beside it.

    >>> both = Streams(7, replicates=[0, 1], agents=[0, 1, 2]).uniform()
    >>> alone = Streams(7, replicates=[1], agents=[2]).uniform()
    >>> bool(both[1, 2] == alone[0, 0])
    True
    """

    def __init__(
        self, seed: int, replicates: Sequence[int], agents: Sequence[int], device: torch.device | str = "cpu"
    ) -> None:
        self._keys = [(replicate, agent) for replicate in replicates for agent in agents]
        self._shape = (len(replicates), len(agents))
        self._seed, self._device = seed, device
        self._generators: list[np.random.Generator] | None = None  # made at the first draw: most never draw

    def _drawn(self, draw: str, shape: tuple[int, ...]) -> Tensor:
        if self._generators is None:
            self._generators = [
                np.random.Generator(np.random.Philox(np.random.SeedSequence(self._seed, spawn_key=key)))
                for key in self._keys
            ]
        values = np.stack([getattr(generator, draw)(size=shape) for generator in self._generators])
        return torch.from_numpy(values).to(self._device).reshape(*self._shape, *shape)

    def uniform(self, *shape: int) -> Tensor:
        """Uniform on [0, 1): ``[B, m, *shape]``, float64."""
        return self._drawn("random", shape)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal: ``[B, m, *shape]``, float64."""
        return self._drawn("standard_normal", shape)
