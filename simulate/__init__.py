"""Repeated games of strategic reports: play them, compare mechanisms in them."""

from typing import TYPE_CHECKING

from mechanisms.facade import lazily

if TYPE_CHECKING:
    from simulate.contest import compare
    from simulate.equilibria import EQUILIBRIA
    from simulate.metrics import METRICS
    from simulate.repeated_game import play
    from simulate.scenarios import SCENARIOS
    from simulate.sweeps.sweep import sweep

__all__ = ["EQUILIBRIA", "METRICS", "SCENARIOS", "compare", "play", "sweep"]

__getattr__ = lazily(
    __name__,
    {
        "EQUILIBRIA": "simulate.equilibria",
        "METRICS": "simulate.metrics",
        "SCENARIOS": "simulate.scenarios",
        "compare": "simulate.contest",
        "play": "simulate.repeated_game",
        "sweep": "simulate.sweeps.sweep",
    },
)
