"""Candidate responses as tokens, and how likely a model with stacked adapters finds each of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.enumerable import ENUMERABLE, can_spell, numbered
from mechanisms.language_models.language_model import LanguageModel
from mechanisms.reference import Reference


@dataclass(frozen=True)
class Candidates:
    """All prompts' responses as rows of tokens, prompt and response in one, padded on the right.

    Padding comes after everything that is read, so under causal attention it changes nothing.
    """

    token_ids: Tensor  # [N, L] int64, N the responses that exist
    answered: Tensor  # [N, L] bool, true on the response's own tokens, its end sign included
    prompt: Tensor  # [N] int64
    place: Tensor  # [N] int64, the response's index among its prompt's candidates
    shape: tuple[int, int]  # (P, K)

    @property
    def read(self) -> Tensor:
        """What the model reads ``[N, L - 1]``: nothing is said after the last token, so it is not among them."""
        return self.token_ids[:, :-1]

    def table(self, per_row: Tensor, fill: float) -> Tensor:
        """A number per row ``[..., N]`` as ``[..., P, K]``, ``fill`` where there is no response."""
        out = per_row.new_full((*per_row.shape[:-1], *self.shape), fill)
        out[..., self.prompt, self.place] = per_row
        return out


def candidates(model: LanguageModel, reference: Reference) -> Candidates:
    """The candidates of a reference in the model's tokens.

    The enumerable model spells what it can and knows other responses by number.  Raises ValueError where the reference
    does not say what its responses are and the model would have to read them, and where a text is too long for it.
    """
    exists = (reference.policy > 0).reshape(-1, *reference.policy.shape[-2:]).any(0)
    prompts, answers = _numbered(exists) if _unreadable(model, reference) else _read(model, reference, exists)
    rows, starts = [], []
    for p, k in exists.nonzero().tolist():
        rows.append(torch.cat([prompts[p], answers[p][k]]))
        starts.append(len(prompts[p]))
    where = exists.nonzero()
    lengths = torch.tensor([len(row) for row in rows])
    _require_room(model, int(lengths.max()))
    place = torch.arange(int(lengths.max()))
    answered = (place >= torch.tensor(starts)[:, None]) & (place < lengths[:, None])
    ids = pad_sequence(rows, batch_first=True)
    device = model.model.device
    shape = (exists.shape[0], exists.shape[1])
    return Candidates(ids.to(device), answered.to(device), where[:, 0].to(device), where[:, 1].to(device), shape)


def log_likelihoods(model: Any, adapters: Adapters, rows: Candidates, temperature: float) -> Tensor:
    """log pi(y | x) of every row under every adapter: ``[S, N]``, nats; differentiable in the adapters."""
    with adapters.on(model):
        hidden = model.base_model(input_ids=rows.read.repeat(adapters.count, 1), use_cache=False)
    return scored(model, hidden.last_hidden_state, rows, temperature)


def scored(model: Any, hidden: Tensor, rows: Candidates, temperature: float) -> Tensor:
    """From last hidden states ``[S * N, L - 1, d]`` to log-likelihoods ``[S, N]``; only answers go through the head."""
    stack = len(hidden) // len(rows.token_ids)
    said = rows.answered[:, 1:].repeat(stack, 1)
    logits = model.get_output_embeddings()(hidden[said])
    law = (logits.to(_precise(logits)) / temperature).log_softmax(-1)
    tokens = rows.token_ids[:, 1:].repeat(stack, 1)[said]
    each = law.gather(-1, tokens[:, None])[:, 0]
    owner = said.nonzero()[:, 0]
    total = each.new_zeros(len(said)).index_add(0, owner, each)
    return total.unflatten(0, (stack, -1))


def _precise(logits: Tensor) -> torch.dtype:
    """Half precision is not enough for a sum of log-probabilities."""
    return torch.float32 if logits.dtype in (torch.float16, torch.bfloat16) else logits.dtype


def _require_room(model: LanguageModel, longest: int) -> None:
    most = getattr(model.model.config, "max_position_embeddings", longest)
    if longest > most + 1:
        raise ValueError(
            f"a prompt and its response have {longest} tokens; of model {model.name} allowed are {most + 1}"
        )


def _unreadable(model: LanguageModel, reference: Reference) -> bool:
    if model.name != ENUMERABLE:
        if reference.responses is None:
            raise ValueError(
                f"model {model.name} reads its candidate responses, and the reference only numbers them; "
                f"give texts (a pool, a language_model, or responses), or take model: {ENUMERABLE}"
            )
        return False
    said = reference.responses
    return said is None or not all(can_spell(text) for row in (said.prompts, *said.texts) for text in row)


def _numbered(exists: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
    words = list(numbered(exists.shape[1]))
    return list(numbered(exists.shape[0])), [words] * len(exists)


def _read(model: LanguageModel, reference: Reference, exists: Tensor) -> tuple[list[Tensor], list[list[Tensor]]]:
    """A response as long as the longest was cut there; shorter ones came to their end, and the end sign is theirs."""
    said = reference.responses
    assert said is not None
    prompts = [model.prompt_ids(prompt)[0].cpu() for prompt in said.prompts]
    answers = [[model.text_ids(text) for text in texts] for texts in said.texts]
    longest, end = max(1, *(len(ids) for row in answers for ids in row)), model.end_ids()[:1].cpu()
    return prompts, [[ids if len(ids) == longest else torch.cat([ids, end]) for ids in row] for row in answers]
