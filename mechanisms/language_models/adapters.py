"""Low-rank adapters, S of them stacked over one frozen model: S fine-tunes in one forward and backward pass.

LoRA (Hu et al., arXiv 2106.09685): a frozen linear map W becomes W + B A, A drawn, B zero at first.  Rows of a
batch are adapter-major: of S * b rows, the first b belong to adapter 0.  No operation mixes rows, so no adapter's
gradient reaches another.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

Targets = Callable[[str], bool]  # of a module's name: is it adapted?


@dataclass(frozen=True)
class Adapters:
    """``down[name] [S, r, in]`` and ``up[name] [S, out, r]`` for every adapted linear map."""

    down: Mapping[str, Tensor]
    up: Mapping[str, Tensor]

    @property
    def count(self) -> int:
        """S."""
        return int(next(iter(self.down.values())).shape[0])

    def parameters(self) -> list[Tensor]:
        """All tensors, each with S in front."""
        return [*self.down.values(), *self.up.values()]

    def each(self, change: Callable[[Tensor], Tensor]) -> Adapters:
        """Every tensor ``[S, ..., ...]`` changed."""
        down, up = ({name: change(value) for name, value in maps.items()} for maps in (self.down, self.up))
        return Adapters(down, up)

    def of(self, rows: Any) -> Adapters:
        """The adapters of some rows alone."""
        return self.each(lambda value: value[rows])

    def detached(self) -> Adapters:
        """A copy that training no longer touches."""
        return self.each(lambda value: value.detach().clone())

    def trainable(self) -> Adapters:
        """A copy that can be trained."""
        return self.each(lambda value: value.detach().clone().requires_grad_())

    def where(self, rows: Tensor, other: Adapters) -> Adapters:
        """``other``'s adapters where ``rows [S]`` is true, these elsewhere."""
        pick = rows[:, None, None]
        down = {name: torch.where(pick, other.down[name].detach(), value) for name, value in self.down.items()}
        up = {name: torch.where(pick, other.up[name].detach(), value) for name, value in self.up.items()}
        return Adapters(down, up)

    def named(self) -> dict[str, Tensor]:
        """Every tensor under one name: ``down.NAME`` and ``up.NAME``."""
        both = {"down": self.down, "up": self.up}
        return {f"{which}.{name}": value.detach() for which, maps in both.items() for name, value in maps.items()}

    @classmethod
    def from_named(cls, tensors: Mapping[str, Tensor]) -> Adapters:
        """What `named` wrote; other names are passed over."""
        down, up = (
            {name.removeprefix(which): value for name, value in tensors.items() if name.startswith(which)}
            for which in ("down.", "up.")
        )
        return cls(down, up)

    def delta(self, name: str, inputs: Tensor) -> Tensor:
        """B A x for adapter-major rows ``[S * b, ..., in] -> [S * b, ..., out]``."""
        down, up = self.down[name], self.up[name]
        rows = inputs.reshape(len(down), -1, inputs.shape[-1]).to(down.dtype)
        out = torch.bmm(torch.bmm(rows, down.transpose(1, 2)), up.transpose(1, 2))
        return out.reshape(*inputs.shape[:-1], up.shape[1]).to(inputs.dtype)

    @contextmanager
    def on(self, model: Any) -> Iterator[None]:
        """Inside, ``model`` answers with the adapters; outside, it is the frozen model that it was."""

        def adapted(name: str) -> Callable[..., Tensor]:
            return lambda module, given, out: out + self.delta(name, given[0])

        modules = dict(model.named_modules())
        hooks = [modules[name].register_forward_hook(adapted(name)) for name in self.down]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()


def fresh(model: Any, count: int, rank: int, targets: Targets, seed: int, dtype: torch.dtype | None = None) -> Adapters:
    """``count`` equal adapters that change nothing yet: A uniform within 1 / sqrt(in), B zero.

    Equal, so that a fine-tune does not depend on its place in the stack.  Raises ValueError where nothing is adapted.
    """
    rng = torch.Generator().manual_seed(seed)
    down, up = {}, {}
    for name, module in model.named_modules():
        shape = _shape(module)
        if shape is not None and targets(name):
            device, kind = module.weight.device, dtype or module.weight.dtype
            start = (2 * torch.rand(rank, shape[0], generator=rng, dtype=torch.float64) - 1) / math.sqrt(shape[0])
            down[name] = start.to(device, kind).repeat(count, 1, 1)
            up[name] = torch.zeros(count, shape[1], rank, device=device, dtype=kind)
    if not down:
        raise ValueError("no linear map of the model is adapted; allowed targets are the linear maps of its layers")
    return Adapters(down, up)


def last_layers(model: Any, layers: int) -> Targets:
    """The linear maps inside the last ``layers`` transformer blocks; 0 means inside all of them."""
    everywhere = range(blocks(model))
    kept = set(everywhere[-layers:] if layers else everywhere)
    return lambda name: _block(name) in kept


def blocks(model: Any) -> int:
    """How many transformer blocks a model has."""
    return 1 + max(place for name, _ in model.named_modules() if (place := _block(name)) is not None)


def _block(name: str) -> int | None:
    """Which transformer block a module is in, None outside: the first number in its dotted name."""
    return next((int(part) for part in name.split(".") if part.isdecimal()), None)


def _shape(module: nn.Module) -> tuple[int, int] | None:
    """(in, out) of a linear map, None of anything else; GPT-2's Conv1D keeps its weight transposed."""
    if isinstance(module, nn.Linear):
        return module.in_features, module.out_features
    if type(module).__name__ == "Conv1D":
        weight = cast(Tensor, module.weight)
        return weight.shape[0], weight.shape[1]
    return None
