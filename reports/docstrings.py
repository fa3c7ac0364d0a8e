"""What a catalogue's entry says of itself; nothing where it says nothing."""

from __future__ import annotations

import inspect
import sys
from typing import Any


def title(entry: Any) -> str:
    """The first sentence of the file that the entry lives in, without its full stop.

    >>> from mechanisms.payments.zero import zero
    >>> title(zero)
    'No payment: the baseline under which lying pays (arXiv 2405.16276, Theorem 4.2)'
    """
    return _first(getattr(sys.modules.get(entry.__module__), "__doc__", None))


def opening(entry: Any) -> str:
    """The paragraph that its docstring begins with: the formula, where there is one.

    >>> from mechanisms.payments.zero import zero
    >>> opening(zero)
    'p_i = 0'
    """
    text = getattr(entry, "__doc__", None)
    signed = inspect.isclass(entry) and (text or "").startswith(f"{entry.__name__}(")  # what a dataclass is given
    return "" if signed else _first(text)


def _first(text: str | None) -> str:
    """The first paragraph on one line, code marks away: a page has no use for them."""
    return " ".join(inspect.cleandoc(text or "").split("\n\n")[0].replace("``", "").split()).removesuffix(".")
