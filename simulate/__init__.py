"""Repeated games of strategic reports: play them, compare mechanisms in them."""

from simulate.compare import compare
from simulate.metrics import METRICS
from simulate.play import play
from simulate.scenarios import SCENARIOS

__all__ = ["METRICS", "SCENARIOS", "compare", "play"]
