"""Fine-tuning a language model by low-rank adapters, on the candidate responses and without sampling noise.

The exact optimum over all policies is known, so every fine-tune reports its optimality gap, and with it a bound on
what a lie can gain.
"""

from __future__ import annotations

from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.trained import Trained
from mechanisms.fine_tuners.training.settings import Settings
from mechanisms.fine_tuners.training.task import Task
from mechanisms.language_models.ascent import Schedule
from mechanisms.language_models.enumerable import ENUMERABLE


def lora(
    divergence: Divergence,
    beta: float = 1.0,
    *,
    model: str = ENUMERABLE,
    steps: int = 60,
    rate: float = 0.03,
    rank: int = 4,
    layers: int = 0,
    temperature: float = 1.0,
    together: bool = False,
    seed: int = 0,
) -> Trained:
    """theta climbs sum_k pi(k) S_k - beta KL, pi(k) proportional to reference(k) P_theta(y_k) / P_base(y_k).

    Adapters (Hu et al., arXiv 2106.09685) on all linear maps of the last ``layers`` blocks of ``model`` (0: of all),
    ``steps`` steps of Adam; the best policy on the way is kept, so a fine-tune is never worse than none.  ``together``
    trains the n models without somebody in the same stack.
    Raises ValueError for divergences other than kl.
    """
    settings = Settings("lora", model, rank, layers, temperature, seed, Schedule(steps, rate), best=True)
    return Trained(divergence, beta, settings, exact_losses, together)


def exact_losses(task: Task, log_policy: Tensor, step: int, settings: Settings) -> Tensor:
    """-(E[S] - beta KL) / beta: ``[R]``, nats."""
    return -task.objective(log_policy) / task.beta
