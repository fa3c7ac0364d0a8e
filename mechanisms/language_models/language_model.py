"""A causal language model as a policy over text: sample responses, and say how probable each one was.

The law is pi(y | x) = prod_t softmax(logits_t / temperature)[y_t] over the tokens of a response, the end
token counted, cut at ``max_tokens``.  No top-k, no top-p: divergences need the whole law.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mechanisms.language_models.hugging_face import transformers_library
from mechanisms.language_models.smollm2 import SMOLLM2, smollm2_folder

Template = Literal["chat", "raw"]  # chat: the prompt is the user's turn in the tokenizer's own chat template


@dataclass(frozen=True)
class Samples:
    """Responses to one prompt; ``T`` is the longest of them in tokens, the end token included."""

    texts: tuple[str, ...]  # [count]
    token_ids: Tensor  # [count, T] int64, padded after the end token
    mask: Tensor  # [count, T] bool, true up to and including the end token
    log_probabilities: Tensor  # [count] float64, nats, of the whole sequence at the sampling temperature


@dataclass(frozen=True)
class LanguageModel:
    """Weights, tokenizer and the way a prompt is put to them; build one with `load`."""

    name: str
    model: Any  # transformers PreTrainedModel
    tokenizer: Any  # transformers PreTrainedTokenizerBase
    template: Template = "raw"
    batch_size: int = 64  # rows of one forward pass; changes speed and memory, not what is sampled

    def prompt_ids(self, prompt: str) -> Tensor:
        """``prompt`` as tokens: ``[1, L]`` int64."""
        if self.template == "chat":
            turn = [{"role": "user", "content": prompt}]
            prompt = self.tokenizer.apply_chat_template(turn, add_generation_prompt=True, tokenize=False)
        ids = self.tokenizer(prompt, add_special_tokens=self.template == "raw")["input_ids"]
        return torch.tensor([ids or self._start()], device=self.model.device)

    def _start(self) -> list[int]:
        """What stands for an empty prompt, since a model must read something to say something."""
        signs = (self.tokenizer.bos_token_id, self.tokenizer.eos_token_id)
        return [next(sign for sign in signs if sign is not None)]

    def text_ids(self, text: str) -> Tensor:
        """A response as tokens, without an end sign: ``[T]`` int64."""
        return torch.tensor(self.tokenizer(text, add_special_tokens=False)["input_ids"], dtype=torch.int64)

    def end_ids(self) -> Tensor:
        """The tokens that end a response: ``[E]`` int64, the tokenizer's end token first."""
        listed = getattr(self.model.generation_config, "eos_token_id", None)
        several = [self.tokenizer.eos_token_id, *(listed if isinstance(listed, list) else [listed])]
        ids = dict.fromkeys(token for token in several if token is not None)
        return torch.tensor(list(ids), dtype=torch.int64, device=self.model.device)

    @torch.no_grad()
    def sample(self, prompt: str, count: int, max_tokens: int, temperature: float, seed: int) -> Samples:
        """``count`` independent draws from pi( . | prompt), each at most ``max_tokens`` long.

        Row s puts its own row of uniforms, drawn from (seed, prompt) beforehand, through the inverse
        distribution function, so neither ``batch_size`` nor ``count`` changes it.  The prompt is read once.
        """
        if count < 1 or max_tokens < 1 or not temperature > 0:
            raise ValueError(f"{count=}, {max_tokens=}, {temperature=}: all three must be positive")
        start, end = self.prompt_ids(prompt), self.end_ids()
        read = self.model(input_ids=start, use_cache=True, logits_to_keep=1)
        key = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:8], "big")
        uniforms = torch.from_numpy(np.random.default_rng([seed, key]).random((count, max_tokens)))
        batches = torch.split(uniforms.to(start.device), self.batch_size)
        parts = [self._continue(read, end, rows, temperature) for rows in batches]
        ids, mask, log_p = (torch.cat(pieces) for pieces in zip(*parts, strict=True))
        ids, mask = ids[:, : int(mask.sum(-1).max())], mask[:, : int(mask.sum(-1).max())]
        kept = [row[alive] for row, alive in zip(ids, mask, strict=True)]
        texts = self.tokenizer.batch_decode(kept, skip_special_tokens=True)
        return Samples(tuple(texts), ids, mask, log_p)

    def _continue(self, read: Any, end: Tensor, uniforms: Tensor, temperature: float) -> list[Tensor]:
        """Draws after a prompt already read: ``uniforms [b, T]`` to tokens, mask, log-probabilities."""
        ids = torch.full_like(uniforms, int(end[0]) if len(end) else 0, dtype=torch.int64)
        mask = torch.zeros_like(uniforms, dtype=torch.bool)
        log_p = torch.zeros_like(uniforms[:, 0])
        alive = torch.ones_like(log_p, dtype=torch.bool)
        cache = copy.deepcopy(read.past_key_values)  # the model writes into it
        cache.batch_repeat_interleave(len(uniforms))
        logits = read.logits[:, -1].expand(len(uniforms), -1)
        for t in range(uniforms.shape[-1]):
            law = (logits.double() / temperature).log_softmax(-1)
            cumulative = law.exp().cumsum(-1)
            target = uniforms[:, t, None] * cumulative[:, -1:]  # the last entry is one only to rounding
            token = torch.searchsorted(cumulative, target, right=True).clamp(max=law.shape[-1] - 1)
            log_p += torch.where(alive, law.gather(-1, token)[:, 0], 0.0)
            ids[:, t] = torch.where(alive, token[:, 0], ids[:, t])
            mask[:, t] = alive
            alive = alive & ~torch.isin(token[:, 0], end)
            if t + 1 == uniforms.shape[-1] or not alive.any():
                break
            answer = self.model(input_ids=token, past_key_values=cache, use_cache=True, logits_to_keep=1)
            cache, logits = answer.past_key_values, answer.logits[:, -1]
        return [ids, mask, log_p]

    def log_probabilities(self, prompt: str, token_ids: Tensor, mask: Tensor, temperature: float) -> Tensor:
        """log pi(y | prompt) = sum_t log softmax(logits_t / temperature)[y_t] by teacher forcing.

        ``token_ids, mask [count, T] -> [count]`` float64, nats.  Differentiable unless under `torch.no_grad`.
        """
        start, rows = self.prompt_ids(prompt), []
        batches = (torch.split(each, self.batch_size) for each in (token_ids, mask))
        for ids, kept in zip(*batches, strict=True):
            whole = torch.cat([start.expand(len(ids), -1), ids], -1)
            logits = self.model(input_ids=whole, logits_to_keep=ids.shape[-1] + 1).logits[:, :-1]
            law = (logits.double() / temperature).log_softmax(-1)
            rows.append(torch.where(kept, law.gather(-1, ids[..., None])[..., 0], 0.0).sum(-1))
        return torch.cat(rows)


def load(name: str = SMOLLM2, dtype: torch.dtype = torch.float32, device: str = "cpu") -> LanguageModel:
    """Any Hugging Face name or local folder, with the chat template where the tokenizer has one.

    Weights are read from safetensors only, and code that comes with a model is never run.
    """
    auto = transformers_library()
    place = str(smollm2_folder()) if name == SMOLLM2 else name
    safely = {"use_safetensors": True, "trust_remote_code": False}
    try:
        tokenizer = auto.AutoTokenizer.from_pretrained(place, trust_remote_code=False)
        model = auto.AutoModelForCausalLM.from_pretrained(place, dtype=dtype, **safely).to(device).eval()
    except (OSError, ValueError) as reason:
        ways = f"{SMOLLM2!r}, a folder with safetensors weights or a Hugging Face name within reach"
        raise ValueError(f"model {name!r}: {str(reason).splitlines()[0]}; allowed are {ways}") from reason
    return LanguageModel(name, model, tokenizer, "chat" if tokenizer.chat_template else "raw")
