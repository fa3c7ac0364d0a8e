"""Names with their options: those that were given, and those that were left at their defaults."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from mechanisms.named import Named, name_of

NOT_OPTIONS = ("divergence", "beta")  # arguments that other keys of the scenario give


def spelled(spec: Named) -> str:
    """A name, with its options behind it.

    >>> spelled({"name": "alpha", "order": 0.5})
    'alpha (order 0.5)'
    """
    given = ", ".join(f"{key} {_short(value)}" for key, value in options(spec).items())
    return name_of(spec) + (f" ({given})" if given else "")


def options(spec: Named) -> dict[str, Any]:
    """What a spec says beside the name."""
    return {} if isinstance(spec, str) else {key: value for key, value in spec.items() if key != "name"}


def defaults(catalogue: Mapping[str, Any], spec: Named) -> dict[str, Any]:
    """The options that a spec leaves as they are.

    >>> from mechanisms.divergences import DIVERGENCES
    >>> defaults(DIVERGENCES, "alpha"), defaults(DIVERGENCES, {"name": "alpha", "order": 2})
    ({'order': 0.5}, {})
    """
    parameters = inspect.signature(catalogue[name_of(spec)]).parameters
    own = {key: p.default for key, p in parameters.items() if isinstance(p.default, int | float | str)}
    return {key: value for key, value in own.items() if key not in (*NOT_OPTIONS, *options(spec))}


def _short(value: Any) -> str:
    return str(value) if not isinstance(value, list | Mapping) else f"of {len(value)} entries"
