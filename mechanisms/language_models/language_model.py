"""A causal language model as a policy over text: sample responses, and say how probable each one was.

The law is pi(y | x) = prod_t softmax(logits_t / temperature)[y_t] over the tokens of a response, the end
token counted, cut at ``max_tokens``.  No top-k, no top-p: divergences need the whole law.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor

from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.hugging_face import cache_argument, transformers_library
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
        """A response as tokens, without an end sign, nor any other where the text spells one out: ``[T]`` int64."""
        said = self.tokenizer(text, add_special_tokens=False, split_special_tokens=True)
        return torch.tensor(said["input_ids"], dtype=torch.int64)

    def end_ids(self) -> Tensor:
        """The tokens that end a response: ``[E]`` int64, the tokenizer's end token first."""
        listed = getattr(self.model.generation_config, "eos_token_id", None)
        several = [self.tokenizer.eos_token_id, *(listed if isinstance(listed, list) else [listed])]
        ids = dict.fromkeys(token for token in several if token is not None)
        return torch.tensor(list(ids), dtype=torch.int64, device=self.model.device)

    def sample(self, prompt: str, count: int, max_tokens: int, temperature: float, seed: int) -> Samples:
        """``count`` independent draws from pi( . | prompt), each at most ``max_tokens`` long.

        Row s puts its own row of uniforms, drawn from (seed, prompt) beforehand, through the inverse
        distribution function, so neither ``batch_size`` nor ``count`` changes it.  The prompt is read once.
        """
        if count < 1 or max_tokens < 1 or not temperature > 0:
            raise ValueError(f"{count=}, {max_tokens=}, {temperature=}: all three must be positive")
        return self.respond(prompt, uniforms(prompt, count, max_tokens, seed), temperature)

    def respond(self, prompt: str, chances: Tensor, temperature: float, adapters: Adapters | None = None) -> Samples:
        """What uniforms ``chances [b, T]`` make each of S stacked adapters say (None: the model as it is).

        Rows are adapter-major, ``[S * b]``; all adapters are put to the same uniforms.
        """
        return self.respond_each([prompt], chances[None], temperature, adapters)[0]

    @torch.no_grad()
    def respond_each(
        self, prompts: Sequence[str], chances: Tensor, temperature: float, adapters: Adapters | None = None
    ) -> list[Samples]:
        """`respond` to every prompt, ``chances [P, b, T]``; prompts of as many tokens go through the model together.

        A token of few rows takes about as long as one of many: all weights are read for it.
        """
        read = [self.prompt_ids(prompt) for prompt in prompts]
        said: dict[int, Samples] = {}
        for length in dict.fromkeys(ids.shape[-1] for ids in read):
            mine = [p for p, ids in enumerate(read) if ids.shape[-1] == length]
            starts = torch.cat([read[p] for p in mine])
            said |= zip(mine, self._respond(starts, chances[mine], temperature, adapters), strict=True)
        return [said[p] for p in range(len(prompts))]

    def _respond(self, starts: Tensor, chances: Tensor, temperature: float, adapters: Adapters | None) -> list[Samples]:
        """To Q prompts ``[Q, L]`` by ``chances [Q, b, T]``."""
        stack, end, among = adapters.count if adapters else 1, self.end_ids(), len(starts)
        batches = chances.to(end.device).split(max(1, self.batch_size // (stack * among)), 1)
        with self._under(adapters):
            read = self.model(input_ids=starts.repeat(stack, 1), use_cache=True, logits_to_keep=1)
            parts = [self._continue(read, end, rows, temperature) for rows in batches]
        whole = [torch.cat(pieces, 1).unflatten(0, (stack, among)) for pieces in zip(*parts, strict=True)]
        return [self._samples(*(each[:, q].flatten(0, 1) for each in whole)) for q in range(among)]

    def _samples(self, ids: Tensor, mask: Tensor, log_p: Tensor) -> Samples:
        ids, mask = ids[:, : int(mask.sum(-1).max())], mask[:, : int(mask.sum(-1).max())]
        kept = [row[alive] for row, alive in zip(ids, mask, strict=True)]
        texts = self.tokenizer.batch_decode(kept, skip_special_tokens=True)
        return Samples(tuple(texts), ids, mask, log_p)

    def _under(self, adapters: Adapters | None) -> AbstractContextManager[None]:
        return adapters.on(self.model) if adapters else nullcontext()

    def _cache(self, read: Any) -> Any:
        return getattr(read, cache_argument(self.model))

    def _after(self, cache: Any, token_ids: Tensor) -> Tensor:
        """Logits ``[S * b, T, V]`` after what ``cache`` remembers, which then remembers ``token_ids`` too."""
        logits: Tensor = self.model(input_ids=token_ids, use_cache=True, **{cache_argument(self.model): cache}).logits
        return logits

    def _continue(self, read: Any, end: Tensor, chances: Tensor, temperature: float) -> list[Tensor]:
        """Draws after Q prompts that S adapters have read: ``[Q, b, T]`` to tokens, mask and log p, ``[S * Q, b]``."""
        readers, count = len(read.logits), chances.shape[1]
        uniform = chances.flatten(0, 1).repeat(readers // len(chances), 1)
        ids = torch.full_like(uniform, int(end[0]) if len(end) else 0, dtype=torch.int64)
        mask = torch.zeros_like(uniform, dtype=torch.bool)
        log_p = torch.zeros_like(uniform[:, 0])
        alive = torch.ones_like(log_p, dtype=torch.bool)
        cache = copy.deepcopy(self._cache(read))  # the model writes into it
        cache.batch_repeat_interleave(count)
        logits = read.logits[:, -1].repeat_interleave(count, 0)
        for t in range(uniform.shape[-1]):
            law = (logits.double() / temperature).log_softmax(-1)
            cumulative = law.exp().cumsum(-1)
            target = uniform[:, t, None] * cumulative[:, -1:]  # the last entry is one only to rounding
            token = torch.searchsorted(cumulative, target, right=True).clamp(max=law.shape[-1] - 1)
            log_p += torch.where(alive, law.gather(-1, token)[:, 0], 0.0)
            ids[:, t] = torch.where(alive, token[:, 0], ids[:, t])
            mask[:, t] = alive
            alive = alive & ~torch.isin(token[:, 0], end)
            if t + 1 == uniform.shape[-1] or not alive.any():
                break
            logits = self._after(cache, token)[:, -1]
        return [each.unflatten(0, (readers, count)) for each in (ids, mask, log_p)]

    def log_probabilities(
        self, prompt: str, token_ids: Tensor, mask: Tensor, temperature: float, adapters: Adapters | None = None
    ) -> Tensor:
        """log pi(y | prompt) = sum_t log softmax(logits_t / temperature)[y_t] by teacher forcing.

        ``token_ids, mask [S * b, T] -> [S * b]`` float64, nats, adapter-major.  Differentiable in the adapters unless
        under `torch.no_grad`.
        """
        stack, start = adapters.count if adapters else 1, self.prompt_ids(prompt)
        parts = (each.unflatten(0, (stack, -1)).split(self.batch_size, 1) for each in (token_ids, mask))
        with self._under(adapters):
            rows = [self._forced(start, ids, kept, temperature) for ids, kept in zip(*parts, strict=True)]
        return torch.cat(rows, 1).flatten()

    def _forced(self, start: Tensor, ids: Tensor, kept: Tensor, temperature: float) -> Tensor:
        """Log-probabilities of ``[S, b, T]`` after a prompt that every adapter reads once: ``[S, b]``."""
        stack, count, length = ids.shape
        read = self.model(input_ids=start.repeat(stack, 1), use_cache=True, logits_to_keep=1)
        logits = read.logits[:, -1:].repeat_interleave(count, 0)
        if length > 1:
            cache = self._cache(read)
            cache.batch_repeat_interleave(count)
            logits = torch.cat([logits, self._after(cache, ids.flatten(0, 1)[:, :-1])], 1)
        law = (logits.double() / temperature).log_softmax(-1).unflatten(0, (stack, count))
        return torch.where(kept, law.gather(-1, ids[..., None])[..., 0], 0.0).sum(-1)


def uniforms(prompt: str, count: int, max_tokens: int, *seed: int) -> Tensor:
    """``[count, max_tokens]`` on [0, 1) from the seed's numbers and the prompt; row s is the same in any count."""
    key = int.from_bytes(hashlib.sha256(prompt.encode()).digest()[:8], "big")
    return torch.from_numpy(np.random.default_rng([*seed, key]).random((count, max_tokens)))


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
