"""The law of candidate responses under trained adapters, beside what the frozen model said of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters, Targets, blocks, fresh, last_layers
from mechanisms.language_models.candidates import Candidates, candidates
from mechanisms.language_models.enumerable import ENUMERABLE, enumerable
from mechanisms.language_models.language_model import LanguageModel, load
from mechanisms.language_models.tail import Tail, tail
from mechanisms.reference import Reference, Responses


@dataclass(frozen=True)
class CandidateLaw:
    """policy(k | p) proportional to reference(k | p) * P_theta(y_k | x_p) / P_base(y_k | x_p).

    Where the reference is the frozen model's own law, that is the model's law, renormalised over the candidates.
    """

    tail: Tail
    targets: Targets
    base: Tensor  # [1, N], log P_base

    def log_policy(self, adapters: Adapters, log_reference: Tensor) -> Tensor:
        """``[S, P, K] -> [S, P, K]`` in the reference's precision, minus infinity where there is no response."""
        ratio = self.rows.table((self.tail(adapters) - self.base).to(log_reference.dtype), 0.0)
        return (log_reference + ratio).log_softmax(-1)

    def fresh(self, count: int, rank: int, seed: int) -> Adapters:
        """Adapters that change nothing yet."""
        return fresh(self.tail.model, count, rank, self.targets, seed, trained_in(self.tail.model))

    @property
    def rows(self) -> Candidates:
        return self.tail.rows

    @property
    def tokens(self) -> int:
        """Read by one adapter in one pass."""
        return self.rows.read.numel()

    @property
    def footprint(self) -> int:
        """Numbers that an adapter's pass keeps for the way back, roughly: its logits thrice, 24 an activation."""
        config, spoken = self.tail.model.config, int(self.rows.answered.sum())
        return 3 * spoken * config.vocab_size + 24 * self.tokens * config.hidden_size * blocks(self.tail.model)


def candidate_law(
    model: str, reference: Reference, layers: int, temperature: float, device: str = "cpu"
) -> CandidateLaw:
    """The law over a reference's candidates; the same object as long as model and candidates are the same."""
    exists = (reference.policy > 0).reshape(-1, *reference.policy.shape[-2:]).any(0)
    return _law(
        model, reference.responses, exists.cpu().numpy().tobytes(), tuple(exists.shape), layers, temperature, device
    )


@lru_cache(maxsize=4)
def _law(
    name: str,
    responses: Responses | None,
    exists: bytes,
    shape: tuple[int, int],
    layers: int,
    temperature: float,
    device: str,
) -> CandidateLaw:
    here = torch.frombuffer(bytearray(exists), dtype=torch.bool).reshape(shape)
    model = language_model(name, device)
    rows = candidates(model, Reference.of(here.double(), None, responses))
    whole = tail(model.model, layers, rows, temperature)
    targets = last_layers(whole.model, layers)
    with torch.no_grad():
        base = whole(fresh(whole.model, 1, 1, targets, 0, trained_in(whole.model)))
    return CandidateLaw(whole, targets, base)


def language_model(name: str, device: str = "cpu") -> LanguageModel:
    """The enumerable model, or any other by name or folder: bfloat16 on a GPU, float32 on the CPU."""
    if name == ENUMERABLE:
        return enumerable(0, device)
    return _loaded(name, device)


@lru_cache(maxsize=2)
def _loaded(name: str, device: str) -> LanguageModel:
    model = load(name, torch.bfloat16 if torch.device(device).type == "cuda" else torch.float32, device)
    model.model.requires_grad_(False)
    return model


def trained_in(model: Any) -> torch.dtype:
    """Adapters are trained in single precision at least: half would lose small steps."""
    kind: torch.dtype = next(model.parameters()).dtype
    return torch.float32 if kind in (torch.float16, torch.bfloat16) else kind
