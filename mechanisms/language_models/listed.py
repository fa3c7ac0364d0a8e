"""A language model's own law over responses that are listed: its probabilities, renormalised over the candidates."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from mechanisms.language_models.adapters import fresh, last_layers
from mechanisms.language_models.candidate_law import language_model
from mechanisms.language_models.candidates import candidates, log_likelihoods
from mechanisms.language_models.enumerable import ENUMERABLE, spelled
from mechanisms.named import unknown
from mechanisms.reference import Reference, Responses

OPTIONS = ("prompts", "responses", "length", "temperature")
LONGEST = 4  # letters, of which there are five: 781 responses


def listed(name: str, options: Mapping[str, Any]) -> tuple[Tensor, Responses]:
    """pi(y_k | x_p) / sum_j pi(y_j | x_p): ``[P, K]`` float64, 0 on the padding, and what the responses say.

    Of the enumerable model, ``length: 3`` lists everything that it says in so many letters, and its law is exact.
    Raises ValueError, naming the option, its value and what is allowed.
    """
    for option in options:
        if option not in OPTIONS:
            raise ValueError(unknown("option", option, OPTIONS))
    prompts = _texts(options.get("prompts", [""]), "prompts")
    said = Responses(prompts, _rows(name, options, len(prompts)))
    temperature = options.get("temperature", 1.0)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float) or not 0 < temperature < math.inf:
        raise ValueError(f"temperature is {temperature!r}; allowed is a number above 0")
    return _law(name, said, float(temperature)), said


@torch.no_grad()
def _law(name: str, said: Responses, temperature: float) -> Tensor:
    longest = max(map(len, said.texts))
    exists = torch.tensor([[k < len(row) for k in range(longest)] for row in said.texts])
    model = language_model(name)
    rows = candidates(model, Reference.of(exists.double(), None, said))
    untouched = fresh(model.model, 1, 1, last_layers(model.model, 1), 0)
    table = rows.table(log_likelihoods(model.model, untouched, rows, temperature).double(), -math.inf)[0]
    return table.softmax(-1)


def _rows(name: str, options: Mapping[str, Any], prompts: int) -> tuple[tuple[str, ...], ...]:
    if ("responses" in options) == ("length" in options):
        raise ValueError("either responses, one list a prompt, or length (of the enumerable model) is expected")
    if "length" in options:
        length = options["length"]
        if name != ENUMERABLE:
            raise ValueError(f"length is {length!r}; only the model {ENUMERABLE} can list all that it says")
        if isinstance(length, bool) or not isinstance(length, int) or not 1 <= length <= LONGEST:
            raise ValueError(f"length is {length!r}; allowed is 1 to {LONGEST}")
        return (spelled(length),) * prompts
    given = options["responses"]
    rows = [given] if isinstance(given, Sequence) and given and isinstance(given[0], str) else given
    if not isinstance(rows, Sequence) or len(rows) != prompts:
        raise ValueError(f"responses must be {prompts} lists of texts, one a prompt")
    return tuple(_texts(row, f"responses.{p}") for p, row in enumerate(rows))


def _texts(given: Any, what: str) -> tuple[str, ...]:
    if not isinstance(given, Sequence) or isinstance(given, str) or not given:
        raise ValueError(f"{what} is {given!r}; a list of texts is expected")
    if not all(isinstance(text, str) for text in given):
        raise ValueError(f"{what} holds {next(t for t in given if not isinstance(t, str))!r}; texts are expected")
    if what != "prompts" and len(set(given)) < len(given):
        raise ValueError(f"{what} has a text twice; the responses to a prompt must differ")
    return tuple(given)
