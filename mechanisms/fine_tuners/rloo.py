"""Fine-tuning a language model by policy gradients on responses that it samples itself."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.trained import Trained
from mechanisms.fine_tuners.training.climb import Losses
from mechanisms.fine_tuners.training.estimators import ESTIMATORS, Estimator
from mechanisms.fine_tuners.training.settings import Settings
from mechanisms.fine_tuners.training.task import Task
from mechanisms.language_models.ascent import Schedule
from mechanisms.language_models.enumerable import ENUMERABLE
from mechanisms.named import unknown


def rloo(
    divergence: Divergence,
    beta: float = 1.0,
    *,
    model: str = ENUMERABLE,
    steps: int = 150,
    samples: int = 64,
    rate: float = 0.02,
    rank: int = 4,
    layers: int = 0,
    temperature: float = 1.0,
    together: bool = False,
    estimator: str = "rloo",
    seed: int = 0,
) -> Trained:
    """theta climbs E_pi[S] - beta KL by b = ``samples`` responses a prompt and step, leave-one-out baseline.

    grad = mean_j (R_j - mean of the others' R) grad log pi(y_j), R_j = S_j - beta (log pi(y_j) - log reference(y_j)):
    unbiased.  All fine-tunes are put to the same uniforms.  ``estimator: grpo`` scales by the group's spread instead
    and charges KL in the loss, which climbs something else.  Raises ValueError for divergences other than kl, and for
    fewer than two samples.
    """
    if samples < 2:
        raise ValueError(f"rloo: samples is {samples}; allowed is 2 or more")
    if estimator not in ESTIMATORS:
        raise ValueError(f"rloo: {unknown('estimator', estimator, ESTIMATORS)}")
    settings = Settings("rloo", model, rank, layers, temperature, seed, Schedule(steps, rate), samples, estimator)
    return Trained(divergence, beta, settings, sampled_losses(ESTIMATORS[estimator]), together)


def sampled_losses(estimator: Estimator) -> Losses:
    """The estimator's loss on fresh draws from every stack's own policy."""

    def losses(task: Task, log_policy: Tensor, step: int, settings: Settings) -> Tensor:
        rng = np.random.default_rng([settings.seed, step])
        uniforms = torch.from_numpy(rng.random((task.reward.shape[-2], settings.samples))).to(task.reward)
        drawn = draws(log_policy.detach().exp(), uniforms)
        log_p, log_q, reward = (each.gather(-1, drawn) for each in (log_policy, task.log_reference, task.reward))
        return task.reference.mean(estimator.loss(log_p, log_p - log_q, reward, task.beta))

    return losses


def draws(policy: Tensor, uniforms: Tensor) -> Tensor:
    """Inverse distribution function: ``[R, P, K], [P, b] -> [R, P, b]`` indices, all stacks at the same uniforms."""
    reached = policy.cumsum(-1).contiguous()
    sought = (uniforms * reached[..., -1:]).contiguous()  # the last entry is one only to rounding
    last = (reached < reached[..., -1:]).sum(-1, keepdim=True)  # that has any probability: uniforms may round to one
    return torch.minimum(torch.searchsorted(reached, sought, right=True), last)
