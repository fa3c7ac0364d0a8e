"""The training loop: step after step from wherever the run stands, a checkpoint now and then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.fine_tuners.training.open_text import Climb, Stride
from simulate.fine_tuning.checkpoint import Checkpoint, nothing_seen
from simulate.fine_tuning.plan import Plan


@dataclass(frozen=True)
class Progress:
    """How far a fine-tune is, for whoever watches."""

    doing: str  # training, or listening
    done: int
    steps: int
    tokens_per_second: float = float("nan")
    rewards: tuple[float, ...] = ()  # of each agent at the truth, in the step just taken
    kl: float = float("nan")


Watch = Callable[[Progress], None]
Keep = Callable[[Checkpoint], None]


def trained(
    climb: Climb, plan: Plan, start: Checkpoint | None, keep: Keep, every: int, watch: Watch = lambda progress: None
) -> Checkpoint:
    """The run after its last step; ``keep`` is handed one checkpoint in ``every`` steps, and one when interrupted."""
    here = start or _beginning(climb, plan)
    steps = climb.schedule.steps
    try:
        while here.standing.step < steps:
            if here.standing.step % every == 0:
                keep(here)
            began = time.perf_counter()
            here, stride = _stepped(climb, here)
            watch(_progress(here, stride, steps, time.perf_counter() - began))
    except KeyboardInterrupt:
        keep(here)
        raise
    keep(here)
    return here


def columns(plan: Plan) -> list[str]:
    """Of `Checkpoint.seen`: rewards at the reports, rewards at the truth, KL, tokens drawn."""
    names = [party.name for party in plan.parties]
    return [*(f"report.{name}" for name in names), *(f"reward.{name}" for name in names), "kl", "tokens"]


def _beginning(climb: Climb, plan: Plan) -> Checkpoint:
    return Checkpoint(climb.start(plan.tuner.rank, plan.tuner.layers), nothing_seen(len(columns(plan))))


def _stepped(climb: Climb, here: Checkpoint) -> tuple[Checkpoint, Stride]:
    standing, stride = climb.advance(here.standing)
    return replace(here, standing=standing, seen=torch.cat([here.seen, _row(stride)[None]])), stride


def _row(stride: Stride) -> Tensor:
    parts = [stride.rewards[0], stride.kl, stride.kl.new_tensor([stride.tokens])]
    return torch.cat([part.detach().cpu().double() for part in parts])


def _progress(here: Checkpoint, stride: Stride, steps: int, seconds: float) -> Progress:
    true = stride.rewards[0, stride.rewards.shape[-1] // 2 :]
    speed = stride.tokens / max(seconds, 1e-9)
    return Progress("training", here.standing.step, steps, speed, tuple(true.tolist()), float(stride.kl[0]))
