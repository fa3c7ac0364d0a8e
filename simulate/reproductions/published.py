"""The base paper's printed tables, read from published.toml."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any


@cache
def printed(table: str) -> dict[str, Any]:
    """``weights, strategy, values`` and rows of numbers.

    >>> printed("table-2")["utility"][2]
    0.57
    """
    text = (Path(__file__).parent / "published.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)[table]
    return found
