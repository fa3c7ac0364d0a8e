"""What may be answered and by which law, before anything is trained: the reference of a scenario, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from reports.text import counted
from simulate.config import Config
from simulate.fine_tuning.plan import is_open_text


def reference_words(config: Config) -> str:
    """One line, without a full stop.

    >>> from simulate.load import load
    >>> reference_words(load("two_camps"))
    '1 prompt with 6 responses; their probabilities are in the file'
    """
    given = config.reference
    if isinstance(given, list):
        return f"{_prompts(len(given), len(given[0]))}; their probabilities are in the file"
    return next((say(given) for kind, say in KINDS.items() if kind in given), "of a kind that this page does not know")


def _pool(given: Mapping[str, Any]) -> str:
    return f"the pool {given['pool']}: responses that a language model wrote, by how often it wrote them"


def _random(given: Mapping[str, Any]) -> str:
    options = given["random"] if isinstance(given["random"], Mapping) else {}
    law = "uniform" if options.get("concentration") is None else f"a Dirichlet draw ({options['concentration']:g})"
    return f"{_prompts(options.get('prompts', 1), options.get('responses', 0))} without texts; their law is {law}"


def _language_model(given: Mapping[str, Any]) -> str:
    name, prompts = given["language_model"], counted(len(given.get("prompts", [""])), "prompt")
    heat = f"temperature {given.get('temperature', 1.0):g}"
    if is_open_text(given):
        most = counted(given.get("max_tokens", 16), "token")
        return f"whatever the language model {name} says to {prompts} in at most {most}, at {heat}"
    if "length" in given:
        what = f"everything that it can say in at most {counted(given['length'], 'letter')}"
    else:
        what = f"{_rows(given['responses'])}, spelled out in the file"
    return f"what the language model {name} says to {prompts} at {heat}, its probabilities renormalised over {what}"


def _responses(given: Mapping[str, Any]) -> str:
    law = "uniform" if given.get("probabilities") is None else "given in the file"
    return f"{_rows(given['responses'])}, spelled out in the file; their law is {law}"


# By the key that tells the kind; a language model may be given responses too, so it comes first.
KINDS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "pool": _pool,
    "random": _random,
    "language_model": _language_model,
    "responses": _responses,
}


def _rows(given: list[Any]) -> str:
    rows = given if isinstance(given[0], list) else [given]
    sizes = sorted({len(row) for row in rows})
    texts = counted(sizes[0], "text") if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]} texts"
    return f"{texts} for {'each of ' if len(rows) > 1 else ''}{counted(len(rows), 'prompt')}"


def _prompts(prompts: int, responses: int) -> str:
    return f"{counted(prompts, 'prompt')} with {counted(responses, 'response')}{' each' if prompts > 1 else ''}"
