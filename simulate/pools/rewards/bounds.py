"""Raw scores that are worth 0 and 1, declared by whoever names a reward model."""

from __future__ import annotations

import math


def require_bounds(low: float, high: float, reward: str) -> None:
    """Raises ValueError unless both are finite and differ; ``high < low`` says that a smaller raw score is better."""
    if not (math.isfinite(low) and math.isfinite(high)) or low == high:
        said = f"reward {reward!r}: low is {low} and high is {high}"
        raise ValueError(f"{said}, allowed are two different finite numbers")
