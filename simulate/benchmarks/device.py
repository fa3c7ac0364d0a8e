"""A GPU plays large batches of KL games, policies and all payments, beside a copy of the bytes that this must move."""

from __future__ import annotations

from functools import partial

import torch
from torch import Tensor

from mechanisms.catalogue import MECHANISMS
from mechanisms.fused import fused
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.benchmarks.base import Action, Benchmark

GAMES, AGENTS, RESPONSES, BETA = 200_000, 6, 256, 0.3
CALLS = 5  # between two waits for the GPU, so that starting a kernel is not what is timed
VCG = MECHANISMS["vcg"].but(beta=BETA).build()


def large_batch(games: int, dtype: torch.dtype, where: str) -> tuple[Reference, Valuation]:
    """Games of one prompt, each with a reference of its own, made where they are played."""
    rng = torch.Generator(where).manual_seed(0)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng, dtype=dtype, device=where)

    policy = drawn(games, 1, RESPONSES) + 0.01
    reference = Reference.of(policy / policy.sum(-1, keepdim=True))
    return reference, Valuation(drawn(games, AGENTS, 1, RESPONSES), 3 * drawn(games, AGENTS))


def against_copy(games: int, dtype: torch.dtype, where: str) -> tuple[Action, Action]:
    """A copy reads half the bytes and writes as many; the games read reports and references, and write outcomes."""
    reference, reports = large_batch(games, dtype, where)
    source = torch.ones(moved(reference, reports) // 2, dtype=dtype, device=where)
    target, play = torch.empty_like(source), fused(VCG)
    return waited(lambda: play(reference, reports)), waited(lambda: target.copy_(source))


def moved(reference: Reference, reports: Valuation) -> int:
    """Numbers to be read and written once: rewards, references and policies, weights and payments."""
    return reports.rewards.numel() + 2 * reference.policy.numel() + 2 * reports.weights.numel()


def waited(action: Action) -> Action:
    """Some calls, and the wait for what a GPU has not finished by then."""

    def done() -> None:
        for _ in range(CALLS):
            action()
        if torch.cuda.is_available():
            torch.cuda.synchronize()

    return done


def _on_gpu(dtype: torch.dtype) -> tuple[Action, Action]:
    free, _ = torch.cuda.mem_get_info()
    each = dtype.itemsize * RESPONSES * (AGENTS + 1) * 4  # inputs, outputs, the copy and room to compile
    return against_copy(min(GAMES, free // each), dtype, "cuda")


def _no_gpu() -> str | None:
    return None if torch.cuda.is_available() else "no CUDA device here"


def _device(dtype: torch.dtype, name: str) -> Benchmark:
    return Benchmark(
        f"vcg, fused: up to {GAMES:,} games x {AGENTS} agents x {RESPONSES} responses in {name} on a GPU",
        "a copy, on the GPU, of the bytes that must be read and written once",
        partial(_on_gpu, dtype),
        2.0,
        15,
        lacking=_no_gpu,
    )


device = _device(torch.float64, "float64")
device_float32 = _device(torch.float32, "float32")
