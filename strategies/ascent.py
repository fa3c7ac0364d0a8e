"""The slope of an agent's own utility in its own report, through the mechanism, from what it saw of a round."""

from __future__ import annotations

from torch import Tensor

from mechanisms import ascent
from mechanisms.valuation import Valuation
from strategies.base import Observation


def slope(seen: Observation, reports: Valuation) -> tuple[Tensor, Valuation]:
    """Utilities ``[M, B, m]`` at ``reports`` (axes ``[M, B, m, ...]``), and the direction in which they grow."""
    assert seen.counterfactual is not None
    return ascent.slope(seen.counterfactual, reports, frequency(seen))


def climbed(seen: Observation, starts: Valuation, steps: int, rate: float) -> tuple[Valuation, Tensor]:
    """The best report met on the way up from each of ``starts``, and what it would have brought."""
    assert seen.counterfactual is not None
    return ascent.climbed(seen.counterfactual, starts, seen.messages, steps, rate, frequency(seen))


def frequency(seen: Observation) -> Tensor:
    """How often each response was seen ``[B, 1, P, K]``."""
    assert seen.policy is not None
    return ascent.natural(seen.policy)[..., None, :, :]
