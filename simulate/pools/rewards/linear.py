"""A weighted sum of other reward models: named features and coefficients."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulate.pools.rewards.bounds import require_bounds
from simulate.pools.rewards.chosen import chosen
from simulate.pools.rewards.reward_model import RewardModel


def linear(
    features: dict[str, float | dict[str, Any]], low: float | None = None, high: float | None = None
) -> RewardModel:
    """Reward = clip((s - low) / (high - low), 0, 1), s = sum_f coefficient_f feature_f over other reward models.

    ``{positivity: 0.5, brevity: -0.2}``, or with options ``{calm: {name: persona, sentence: ..., coefficient: 0.5}}``.
    Without bounds: the least and the largest s of any features in [0, 1].  Source: a formula of ours.

    >>> linear({"matches": {"text": "a", "coefficient": 3}, "constant": -1})(["a", "b"])  # s = 2, -1 in [-1, 3]
    array([0.75, 0.  ])
    """
    if not features:
        raise ValueError("reward 'linear': features is empty, allowed is at least one feature with its coefficient")
    coefficients = np.array([_coefficient(label, given) for label, given in features.items()])
    least = float(coefficients.clip(max=0.0).sum()) if low is None else low
    most = float(coefficients.clip(min=0.0).sum()) if high is None else high
    require_bounds(least, most, "linear")
    judges = [_judge(label, given) for label, given in features.items()]

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        return coefficients @ np.stack([judge(texts) for judge in judges])

    terms = zip(coefficients, features, strict=True)
    return RewardModel("linear", " ".join(f"{c:+g} {label}" for c, label in terms), raw, least, most)


def _coefficient(label: str, given: float | dict[str, Any]) -> float:
    value = given.get("coefficient") if isinstance(given, dict) else given
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"reward 'linear': features.{label} has coefficient {value!r}, allowed is a finite number")
    return float(value)


def _judge(label: str, given: float | dict[str, Any]) -> RewardModel:
    options = {key: value for key, value in given.items() if key != "coefficient"} if isinstance(given, dict) else {}
    try:
        return chosen({"name": label} | options)
    except ValueError as reason:
        raise ValueError(f"reward 'linear': features.{label}: {reason}") from reason
