"""The transformers library, imported where a language model is wanted and nowhere else."""

from __future__ import annotations

import inspect
from importlib import import_module
from importlib.util import find_spec
from typing import Any


def transformers_library(*also: str) -> Any:
    """The module, quiet.  Raises ValueError naming what to install where it, or a package in ``also``, is missing."""
    for name in ("transformers", *also):
        if find_spec(name) is None:
            raise ValueError(f"this language model needs the package {name}: pip install 'trueward[lm]'")
    transformers = import_module("transformers")  # not above: only a language model should pay its seconds
    transformers.utils.logging.disable_progress_bar()  # it writes to stderr even when that is a file
    return transformers


def cache_argument(model: Any) -> str:
    """What a model's forward calls the keys and values that it has worked out already; the library renamed it."""
    known = inspect.signature(model.forward).parameters
    return "cache" if "cache" in known else "past_key_values"
