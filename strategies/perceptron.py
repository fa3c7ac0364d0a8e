"""A small network for every agent of every replicate, as values: its weights go in, and new ones come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from strategies.streams import Streams

Weights = tuple[Tensor, ...]
FADE, SQUARE_FADE, STILL = 0.9, 0.999, 1e-8  # Kingma and Ba (2015), Algorithm 1


@dataclass(frozen=True)
class Network:
    """Weights, and what Adam remembers of their gradients."""

    weights: Weights  # [B, m, inputs, hidden], [B, m, 1, hidden], [B, m, hidden, outputs], [B, m, 1, outputs]
    mean: Weights  # of the gradients
    square: Weights
    steps: int

    def __call__(self, inputs: Tensor) -> Tensor:
        """``[B, m, inputs] -> [B, m, outputs]``."""
        return answered(self.weights, inputs)

    def trained(self, loss: Callable[[Weights], Tensor], rate: float) -> Network:
        """One step of Adam down ``loss(weights) [B, m]``; no agent's loss may depend on another's weights."""
        with torch.enable_grad():
            weights = tuple(weight.detach().requires_grad_() for weight in self.weights)
            found = torch.autograd.grad(loss(weights).sum(), weights)
        steps = self.steps + 1
        mean = tuple(FADE * m + (1 - FADE) * g for m, g in zip(self.mean, found, strict=True))
        square = tuple(SQUARE_FADE * s + (1 - SQUARE_FADE) * g**2 for s, g in zip(self.square, found, strict=True))
        first, second = 1 - FADE**steps, 1 - SQUARE_FADE**steps
        moved = tuple(
            w - rate * (m / first) / ((s / second).sqrt() + STILL)
            for w, m, s in zip(self.weights, mean, square, strict=True)
        )
        return Network(moved, mean, square, steps)


def drawn(inputs: int, hidden: int, outputs: int, like: Tensor, rng: Streams) -> Network:
    """A random hidden layer; the last layer is zero, so that every answer starts as zero."""
    first = rng.normal(inputs, hidden).to(like) / inputs**0.5
    second = torch.zeros(*first.shape[:2], hidden, outputs).to(like)
    weights = (first, torch.zeros_like(first[..., :1, :]), second, torch.zeros_like(second[..., :1, :]))
    nothing = tuple(torch.zeros_like(weight) for weight in weights)
    return Network(weights, nothing, nothing, 0)


def answered(weights: Weights, inputs: Tensor) -> Tensor:
    """tanh(x W + b) V + c, agent by agent."""
    first, bias, second, offset = weights
    return ((inputs[..., None, :] @ first + bias).tanh() @ second + offset).squeeze(-2)
