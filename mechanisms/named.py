"""Looking a name up in a catalogue, once: the only place where strings become functions."""

from __future__ import annotations

import difflib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

Named = str | Mapping[str, Any]  # a name, or {name: ..., option: ...}
LISTED = 16  # names that a sentence can hold


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """A sentence for a name that is not known, with the nearest one that is.

    >>> print(unknown("mechanism", "vgc", ["vcg", "no_payment"]))
    no mechanism 'vgc'; did you mean 'vcg'? Allowed are vcg, no_payment
    """
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? Allowed are" if near else "allowed are"
    listed = ", ".join(names[:LISTED]) or "none"
    more = f" and {len(names) - LISTED} more (`trueward list` has them all)" if len(names) > LISTED else ""
    return f"no {what} {name!r}; {hint} {listed}{more}"


def name_of(spec: Named) -> str:
    """The name in a spec."""
    return spec if isinstance(spec, str) else str(spec.get("name"))


def made(catalogue: Mapping[str, Any], spec: Named, what: str, *positional: Any, **supplied: Any) -> Any:
    """``catalogue[name](*positional, **supplied, **options)``.

    Raises ValueError in one sentence that starts with ``what``: for an unknown name or option, or a bad value.
    """
    options = _options(catalogue, spec, what, len(positional), supplied)
    try:
        return catalogue[name_of(spec)](*positional, **supplied, **options)
    except (ValueError, TypeError, RuntimeError) as error:
        raise ValueError(f"{what}: {' '.join(str(error).split())}") from None


def bound(catalogue: Mapping[str, Any], spec: Named, what: str, positional: int) -> Any:
    """The function ``catalogue[name]`` of so many positional arguments, its options filled in.

    Raises ValueError in one sentence that starts with ``what``: for an unknown name or option.
    """
    options = _options(catalogue, spec, what, positional, {})
    return partial(catalogue[name_of(spec)], **options) if options else catalogue[name_of(spec)]


def _options(
    catalogue: Mapping[str, Any], spec: Named, what: str, positional: int, supplied: Mapping[str, Any]
) -> dict[str, Any]:
    """The options of a spec, checked against the parameters that are left to it."""
    name = name_of(spec)
    options = {} if isinstance(spec, str) else {key: value for key, value in spec.items() if key != "name"}
    if name not in catalogue:
        raise ValueError(f"{what}: {unknown(what.split('.')[-1], name, catalogue)}")
    parameters = _parameters(catalogue[name])
    own = {key: p for i, (key, p) in enumerate(parameters.items()) if i >= positional and key not in supplied}
    for option, value in options.items():
        if option not in own:
            raise ValueError(f"{what}: {unknown(f'option of {name}', option, own)}")
        default = own[option].default
        if isinstance(default, int | float) and not isinstance(default, bool):
            _require_number(value, default, f"{what}.{option}")
    missing = [key for key, p in own.items() if p.default is inspect.Parameter.empty and key not in options]
    if missing:
        raise ValueError(f"{what}: {name} needs the option {missing[0]!r}")
    return options


@cache
def _parameters(made: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(made).parameters


def _require_number(value: Any, default: float, what: str) -> None:
    kind = int if isinstance(default, int) else int | float
    if isinstance(value, bool) or not isinstance(value, kind) or not math.isfinite(value):
        raise ValueError(f"{what} is {value!r}; {'an integer' if kind is int else 'a finite number'} is expected")
