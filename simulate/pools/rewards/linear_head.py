"""A linear head over the hidden states of a language model: reward models that are a vector in a file."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from simulate.pools.rewards.bounds import require_bounds
from simulate.pools.rewards.reader import reader
from simulate.pools.rewards.reward_model import RewardModel


def linear_head(
    model: str, weights: str, low: float, high: float, batch_size: int = 16, device: str = "cpu"
) -> RewardModel:
    """Reward = clip((s - low) / (high - low), 0, 1), s = weight . h + bias, h the mean last hidden state of a text.

    ``weights``: a .safetensors file with ``weight [d]`` and ``bias``, one number; ``model``: any transformers model
    of hidden size d, a folder or a Hugging Face name.  The mean is over the tokens of a text, special ones among them.
    """
    require_bounds(low, high, "linear_head")
    weight, bias = _head(Path(weights))
    trunk = reader("linear_head", "AutoModel", model, batch_size, device)
    size = trunk.model.config.get_text_config().hidden_size
    if len(weight) != size:
        raise ValueError(f"reward 'linear_head': {weights}: weight has {len(weight)} entries; {model} has {size}")
    weight, bias = weight.to(device), bias.to(device)

    def score(output: Any, mask: Tensor) -> Tensor:
        real = mask[..., None].double()
        mean = (output.last_hidden_state.double() * real).sum(-2) / real.sum(-2)
        return mean @ weight + bias

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return trunk.read(texts, score)

    return RewardModel("linear_head", f"{weights} on {model}", raw, low, high, "transformers")


def _head(path: Path) -> tuple[Tensor, Tensor]:
    """``weight [d]`` and ``bias []`` in float64."""
    what = f"reward 'linear_head': {path}"
    try:
        tensors = load(path.read_bytes())
    except (OSError, ValueError, SafetensorError) as reason:
        raise ValueError(f"{what}: cannot be read ({reason}); allowed is a .safetensors file") from reason
    if set(tensors) != {"weight", "bias"}:
        raise ValueError(f"{what} holds {', '.join(sorted(tensors)) or 'nothing'}; allowed are weight and bias")
    weight, bias = tensors["weight"].double().flatten(), tensors["bias"].double().flatten()
    if len(bias) != 1 or not torch.cat([weight, bias]).isfinite().all():
        raise ValueError(f"{what}: weight must be finite numbers and bias one of them")
    return weight, bias.squeeze(0)
