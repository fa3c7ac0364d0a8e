"""The reference of a scenario file: numbers, a random law, a pool, listed texts or a language model's own law."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

import torch
from pydantic import BeforeValidator, Field, ValidationError, model_validator
from torch import Tensor

from mechanisms.reference import Responses
from simulate.config import Number, Strict, sums_to_one
from simulate.draws import drawn_reference
from simulate.errors import BadInput, sentence
from simulate.fine_tuning.plan import is_open_text
from simulate.pools import load_pool


@dataclass(frozen=True)
class Found:
    """What a reference is made of, whatever its kind."""

    table: Tensor  # [P, K] float64, probabilities, 0 on the padding
    responses: Responses | None = None
    columns: Mapping[str, Tensor] = field(default_factory=dict)  # a pool's rewards [P, K] by label
    samples: float = math.nan  # responses sampled per prompt, if it comes from a pool


def found(given: list[list[float]] | dict[str, Any], seed: int) -> Found:
    """The reference that the file gives; ``seed`` is for a random one.  Raises ValueError in one sentence."""
    if isinstance(given, list):
        return Found(torch.tensor(given, dtype=torch.float64))
    kind = next((each for each in KINDS if each in given), None)
    if kind is None or (len(given) > 1 and kind in ALONE):
        raise BadInput(
            f"reference has the keys {', '.join(map(str, given)) or 'none'}; allowed is {', '.join(KINDS)}, or a list"
        )
    return KINDS[kind](given, seed)


def _pool(given: Mapping[str, Any], seed: int) -> Found:
    pool = load_pool(str(given["pool"]))
    samples = float(pool.counts.sum(-1).min())
    return Found(pool.reference, Responses(pool.prompts, pool.responses), pool.rewards, samples)


def _random(given: Mapping[str, Any], seed: int) -> Found:
    return Found(torch.from_numpy(drawn_reference(seed, given["random"])))


def _language_model(given: Mapping[str, Any], seed: int) -> Found:
    """The model's law over candidate responses, renormalised over them."""
    name, options = given["language_model"], {key: value for key, value in given.items() if key != "language_model"}
    if not isinstance(name, str):
        raise BadInput(f"reference.language_model is {name!r}; allowed is the name or the folder of a language model")
    if is_open_text(given):
        raise BadInput(
            f"reference: the language model {name} may say anything; use `trueward finetune`, or list responses, one "
            "list a prompt (of the model enumerable, length lists all)"
        )
    # Here, because nobody else should wait for the transformers library.
    from mechanisms.language_models.listed import listed

    try:
        return Found(*listed(name, options))
    except ValueError as error:
        raise BadInput(f"reference.language_model: {error}") from None


def _rows(value: Any) -> Any:
    """A list for one prompt stands for a list of one such list."""
    return [value] if isinstance(value, list) and value and not isinstance(value[0], list) else value


class Texts(Strict):
    """Responses spelled out, prompt by prompt; rows may differ in length."""

    responses: Annotated[list[Annotated[list[str], Field(min_length=1)]], Field(min_length=1), BeforeValidator(_rows)]
    prompts: list[str] | None = None  # None: empty ones
    probabilities: Annotated[list[list[Number]] | None, BeforeValidator(_rows)] = None  # None: uniform

    @model_validator(mode="after")
    def _fit(self) -> Texts:
        lengths = [len(row) for row in self.responses]
        if self.prompts is not None and len(self.prompts) != len(lengths):
            raise ValueError(f"prompts has {len(self.prompts)} entries, and responses has {len(lengths)} rows")
        for p, row in enumerate(self.responses):
            twice = next((text for text in row if row.count(text) > 1), None)
            if twice is not None:
                raise ValueError(f"responses.{p} has {twice!r} twice; the responses to a prompt must differ")
        if self.probabilities is not None:
            if [len(row) for row in self.probabilities] != lengths:
                raise ValueError("probabilities must be as many as there are responses, prompt by prompt")
            for p, chances in enumerate(self.probabilities):
                sums_to_one(chances, f"probabilities.{p}")
        return self


def _texts(given: Mapping[str, Any], seed: int) -> Found:
    try:
        texts = Texts.model_validate(dict(given))
    except ValidationError as error:
        raise BadInput(f"reference: {sentence(error, Texts)}") from None
    rows = texts.probabilities or [[1 / len(row)] * len(row) for row in texts.responses]
    longest = max(map(len, rows))
    table = torch.tensor([row + [0.0] * (longest - len(row)) for row in rows], dtype=torch.float64)
    prompts = tuple(texts.prompts) if texts.prompts is not None else ("",) * len(rows)
    return Found(table, Responses(prompts, tuple(map(tuple, texts.responses))))


KINDS: dict[str, Callable[[Mapping[str, Any], int], Found]] = {
    "pool": _pool,
    "random": _random,
    "language_model": _language_model,
    "responses": _texts,
}
ALONE = ("pool", "random")  # kinds that no other key may stand beside
