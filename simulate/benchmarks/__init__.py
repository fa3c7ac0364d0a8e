"""Catalogue of benchmarks: ratios against peers measured in the same run, never bare seconds."""

from simulate.benchmarks.audit import audit
from simulate.benchmarks.base import Benchmark
from simulate.benchmarks.crowd import crowd_round
from simulate.benchmarks.thousand_games import thousand_games, thousand_games_logsumexp

BENCHMARKS: dict[str, Benchmark] = {
    "thousand_games": thousand_games,
    "thousand_games_logsumexp": thousand_games_logsumexp,
    "crowd_round": crowd_round,
    "audit": audit,
}
