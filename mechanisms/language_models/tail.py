"""The last blocks of a frozen model, fed with what the others make of fixed texts: those never run again.

Adapters in the last m blocks leave the blocks before them as they are, so on candidate responses that stay the same
their output is worked out once.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.candidates import Candidates, log_likelihoods, scored

AGREEMENT = 1e-3  # nats of a sequence: float32 sums of some dozens of logits; another architecture is off by far more


@dataclass(frozen=True)
class Tail:
    """Log-likelihoods of ``rows`` under adapters of the last blocks; the whole model where it cannot be cut."""

    model: Any  # the last blocks and the head, or the whole
    rows: Candidates
    hidden: Tensor | None  # [N, L - 1, d], what comes into the last blocks; None: the whole model reads the tokens
    temperature: float

    def __call__(self, adapters: Adapters) -> Tensor:
        """``[S, N]``, nats."""
        if self.hidden is None:
            return log_likelihoods(self.model, adapters, self.rows, self.temperature)
        with adapters.on(self.model):
            inputs = self.hidden.repeat(adapters.count, 1, 1)
            out = self.model.base_model(inputs_embeds=inputs, use_cache=False).last_hidden_state
        return scored(self.model, out, self.rows, self.temperature)


@torch.no_grad()
def tail(model: Any, layers: int, rows: Candidates, temperature: float) -> Tail:
    """``model`` cut before its last ``layers`` blocks (0: not cut), if that leaves its answers as they are.

    True of models that carry positions in every block (Llama, SmolLM2, Qwen, Mistral), not of GPT-2, which adds them
    to what it reads.
    """
    whole = Tail(model, rows, None, temperature)
    blocks = getattr(model.base_model, "layers", None)
    if not isinstance(blocks, nn.ModuleList) or not 0 < layers < len(blocks):
        return whole
    read = model.base_model(input_ids=rows.read, use_cache=False, output_hidden_states=True)
    cut = Tail(_last(model, layers), rows, read.hidden_states[len(blocks) - layers].clone(), temperature)
    direct = scored(model, read.last_hidden_state, rows, temperature)
    same = (_bare(cut) - direct).abs().max() <= AGREEMENT
    return cut if bool(same) else whole


def _bare(cut: Tail) -> Tensor:
    out = cut.model.base_model(inputs_embeds=cut.hidden, use_cache=False).last_hidden_state
    return scored(cut.model, out, cut.rows, cut.temperature)


def _last(model: Any, layers: int) -> Any:
    """A model that shares everything with ``model`` and has only its last blocks; ``model`` stays whole."""
    outer, inner = copy.copy(model), copy.copy(model.base_model)
    inner._modules = dict(inner._modules)
    inner._modules["layers"] = nn.ModuleList(model.base_model.layers[-layers:])
    outer._modules = dict(outer._modules)
    outer._modules[model.base_model_prefix] = inner
    return outer
