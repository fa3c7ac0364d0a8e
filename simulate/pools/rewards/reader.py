"""Transformers that read texts in batches, for reward models made of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mechanisms.language_models.hugging_face import transformers_library
from mechanisms.language_models.smollm2 import SMOLLM2, smollm2_folder

DEVICE = r"cpu|mps|(cuda|xpu)(:\d+)?"
LONGEST = 512  # tokens of a text that are read, where the model does not read fewer
SPARE = "pooler."  # weights that some folders lack and that no hidden state depends on


@dataclass(frozen=True)
class Reader:
    """A model, its tokenizer and how many texts go through it at once; build one with `reader`."""

    model: Any  # transformers PreTrainedModel
    tokenizer: Any  # transformers PreTrainedTokenizerBase
    batch_size: int

    @torch.no_grad()
    def read(self, texts: Sequence[str], score: Callable[[Any, Tensor], Tensor]) -> NDArray[np.float64]:
        """``score(model output, mask [b, T]) -> [b]`` of every batch, together ``[K]`` float64."""
        parts = [score(self.model(**batch), batch["attention_mask"]) for batch in self._batches(texts)]
        return torch.cat(parts).double().cpu().numpy() if parts else np.zeros(0)

    def _batches(self, texts: Sequence[str]) -> Iterator[dict[str, Tensor]]:
        rows = [self._ids(text) for text in texts]
        filler = getattr(self.model.config, "pad_token_id", None)
        size = 1 if filler is None else self.batch_size  # some models find the end of a text by the filler
        for start in range(0, len(rows), size):
            some = [torch.tensor(row, device=self.model.device) for row in rows[start : start + size]]
            ids = pad_sequence(some, batch_first=True, padding_value=filler or 0)
            mask = pad_sequence([torch.ones_like(row) for row in some], batch_first=True)
            yield {"input_ids": ids, "attention_mask": mask}

    def _ids(self, text: str) -> list[int]:
        limits = (LONGEST, self.tokenizer.model_max_length, getattr(self.model.config, "max_position_embeddings", None))
        longest = min(int(limit) for limit in limits if limit)
        ids = self.tokenizer(text, truncation=True, max_length=longest)["input_ids"]
        ends = (self.tokenizer.eos_token_id, self.tokenizer.bos_token_id, 0)
        return ids or [next(end for end in ends if end is not None)]  # a model must read something


def reader(reward: str, kind: str, name: str, batch_size: int, device: str) -> Reader:
    """The transformers class ``kind`` from a folder or by Hugging Face name, its weights all found there.

    Weights are read from safetensors only, and code that comes with a model is never run.
    Raises ValueError in one sentence that names ``reward``.
    """
    if batch_size < 1:
        raise ValueError(f"reward {reward!r}: batch_size is {batch_size}, allowed is a number of texts from 1")
    if not re.fullmatch(DEVICE, device):
        raise ValueError(f"reward {reward!r}: device is {device!r}, allowed are cpu, mps, cuda, xpu, cuda:0 ...")
    library = transformers_library()
    place = str(smollm2_folder()) if name == SMOLLM2 else name
    safely = {"use_safetensors": True, "trust_remote_code": False}
    try:
        tokenizer = library.AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        with _silent(library):  # what is missing is said below, in a sentence
            model, found = getattr(library, kind).from_pretrained(
                place, dtype=torch.float32, output_loading_info=True, **safely
            )
    except (OSError, ValueError, ImportError, KeyError, SafetensorError) as reason:
        ways = "allowed are a folder with safetensors weights or a Hugging Face name within reach"
        raise ValueError(f"reward {reward!r}: model {name!r}: {_first_line(reason)}; {ways}") from reason
    lacking = sorted(key for key in found["missing_keys"] if not key.startswith(SPARE))
    if lacking:  # they would be drawn at random, and the reward with them
        raise ValueError(f"reward {reward!r}: model {name!r} lacks the weights {', '.join(lacking[:4])} of {kind}")
    try:
        return Reader(model.to(device).eval(), tokenizer, batch_size)
    except (RuntimeError, AssertionError) as reason:
        raise ValueError(f"reward {reward!r}: device is {device!r}: {_first_line(reason)}") from reason


@contextmanager
def _silent(library: Any) -> Iterator[None]:
    level = library.utils.logging.get_verbosity()
    library.utils.logging.set_verbosity_error()
    try:
        yield
    finally:
        library.utils.logging.set_verbosity(level)


def _first_line(reason: BaseException) -> str:
    return (str(reason).strip().splitlines() or [type(reason).__name__])[0]
