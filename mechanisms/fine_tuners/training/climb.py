"""The training loop on candidate responses: a stack of adapters climbs, step by step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.fine_tuners.training.settings import Settings, checkpoint_steps
from mechanisms.fine_tuners.training.task import Task
from mechanisms.fine_tuners.training.top import Top
from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.ascent import optimiser, step
from mechanisms.language_models.candidate_law import CandidateLaw

Losses = Callable[[Task, Tensor, int, Settings], Tensor]  # log policies [R, P, K] at a step -> [R], in nats


@dataclass(frozen=True)
class Progress:
    """How far a training run is: means over the adapters of the stack."""

    step: int  # 0, 1, ..., steps
    steps: int
    adapters: int
    tokens: int  # read in this step
    reward: float  # E_policy[reward] over what the reference has
    kl: float  # nats


Watch = Callable[[Progress], None]


@torch.enable_grad()
def climb(
    law: CandidateLaw, task: Task, settings: Settings, losses: Losses, start: Adapters, watch: Watch
) -> tuple[Tensor, Adapters]:
    """Train a stack from ``start``: its policies at the checkpoints ``[R, C, P, K]``, and the adapters of the last."""
    adapters, schedule, marks, kept = (
        start.trainable(),
        settings.schedule,
        checkpoint_steps(settings.schedule.steps),
        [],
    )
    adam, top = optimiser(adapters), None
    for number in range(schedule.steps + 1):
        log_policy = law.log_policy(adapters, task.log_reference)
        reached, height = log_policy.detach(), task.objective(log_policy.detach())
        top = (top or Top(height, reached, adapters.detached())).after(height, reached, adapters, settings.best)
        if number in marks:
            kept.append(top.log_policy.exp())
        watch(_progress(task, reached, number, law, schedule.steps))
        if number < schedule.steps:
            step(adapters, adam, losses(task, log_policy, number, settings), schedule, number)
    assert top is not None
    return torch.stack(kept, 1), top.adapters


def _progress(task: Task, log_policy: Tensor, number: int, law: CandidateLaw, steps: int) -> Progress:
    reward, kl = (task.reference.mean(each).mean() for each in (task.expected(log_policy), task.kl(log_policy)))
    return Progress(number, steps, len(log_policy), len(log_policy) * law.tokens, float(reward), float(kl))
