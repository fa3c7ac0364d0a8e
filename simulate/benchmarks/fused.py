"""What compiling the mechanism into one pass over the rewards gains on a CPU."""

from __future__ import annotations

import shutil

import torch

from mechanisms.fused import fused
from mechanisms.valuation import Valuation
from simulate.benchmarks.base import Action, Benchmark
from simulate.benchmarks.device import AGENTS, RESPONSES, VCG, large_batch

GAMES = 4000


def _against_mechanism() -> tuple[Action, Action]:
    reference, reports = large_batch(GAMES, torch.float64, "cpu")
    play = fused(VCG)
    # A fresh Valuation each time, so that no total is remembered from the last call.
    return lambda: play(reference, reports), lambda: VCG(reference, Valuation(reports.rewards, reports.weights))


def _no_compiler() -> str | None:
    return None if shutil.which("g++") else "no C++ compiler here"


fused_games = Benchmark(
    f"vcg, fused: {GAMES:,} games x {AGENTS} agents x {RESPONSES} responses in float64 on the CPU",
    "the same mechanism, not fused",
    _against_mechanism,
    0.5,
    lacking=_no_compiler,
)
