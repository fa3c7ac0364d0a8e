"""Texts that a transformers classifier puts in one class score high."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from mechanisms.named import unknown
from simulate.pools.rewards.reader import reader
from simulate.pools.rewards.reward_model import RewardModel


def classifier(model: str, label: int | str | None = None, batch_size: int = 16, device: str = "cpu") -> RewardModel:
    """Reward = softmax(logits)[label], or sigmoid(logit) where a model has one logit or labels that do not exclude.

    ``model``: any sequence classifier of transformers, a folder or a Hugging Face name; ``label``: name or index.
    A text is read up to 512 tokens.  Weights come from safetensors only, and a model's own code is never run.
    """
    judge = reader("classifier", "AutoModelForSequenceClassification", model, batch_size, device)
    labels: dict[int, str] = {int(index): str(name) for index, name in judge.model.config.id2label.items()}
    index = _index(label, labels)
    alone = len(labels) == 1 or judge.model.config.problem_type == "multi_label_classification"

    def probability(output: Any, mask: Tensor) -> Tensor:
        logits = output.logits.double()
        return logits[:, index].sigmoid() if alone else logits.softmax(-1)[:, index]

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return judge.read(texts, probability)

    description = f"probability of {labels[index]} by {model}"
    return RewardModel("classifier", description, raw, 0.0, 1.0, "transformers")


def _index(label: int | str | None, labels: dict[int, str]) -> int:
    if label is None and len(labels) == 1:
        return next(iter(labels))
    known = ", ".join(f"{index} or {name}" for index, name in labels.items())
    if label is None:
        raise ValueError(f"reward 'classifier' needs the option label; allowed are {known}")
    if isinstance(label, int):
        if label not in labels:
            raise ValueError(f"reward 'classifier': label is {label}; allowed are {known}")
        return label
    if label not in labels.values():
        raise ValueError(f"reward 'classifier': {unknown('label', label, labels.values())}")
    return next(index for index, name in labels.items() if name == label)
