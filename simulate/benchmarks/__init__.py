"""Catalogue of benchmarks: ratios against peers measured in the same run, never bare seconds."""

from simulate.benchmarks.audit import audit
from simulate.benchmarks.base import Benchmark
from simulate.benchmarks.crowd import crowd_round
from simulate.benchmarks.device import device, device_float32
from simulate.benchmarks.fused import fused_games
from simulate.benchmarks.one_fine_tune import one_fine_tune
from simulate.benchmarks.payoffs import payoffs_convex, payoffs_mechanism, payoffs_three, payoffs_two
from simulate.benchmarks.stacked import stacked
from simulate.benchmarks.sweep import sweep_overhead, sweep_processes, sweep_singles
from simulate.benchmarks.synthetic_game import synthetic_game
from simulate.benchmarks.thousand_games import thousand_games, thousand_games_logsumexp

BENCHMARKS: dict[str, Benchmark] = {
    "thousand_games": thousand_games,
    "thousand_games_logsumexp": thousand_games_logsumexp,
    "fused_games": fused_games,
    "device": device,
    "device_float32": device_float32,
    "crowd_round": crowd_round,
    "audit": audit,
    "payoffs_two": payoffs_two,
    "payoffs_three": payoffs_three,
    "payoffs_mechanism": payoffs_mechanism,
    "payoffs_convex": payoffs_convex,
    "stacked": stacked,
    "one_fine_tune": one_fine_tune,
    "synthetic_game": synthetic_game,
    "sweep_overhead": sweep_overhead,
    "sweep_singles": sweep_singles,
    "sweep_processes": sweep_processes,
}
