"""Numbers as they are printed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def number(value: float | None) -> str:
    """Four significant digits; a dash where there is none.

    >>> number(0.123456), number(1e-17), number(None)
    ('0.1235', '0', '-')
    """
    if value is None or value != value:
        return "-"
    if abs(value) < 5e-7:
        return "0"
    return f"{value:.4g}"


def span(found: Mapping[str, Any]) -> str:
    """``[low, high]``."""
    return f"[{number(found['low'])}, {number(found['high'])}]"
