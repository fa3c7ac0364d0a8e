"""KL(policy || reference), the RLHF regulariser; "reverse KL" in TRL's wording."""

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence


def softmax_optimum(reference: Tensor, score: Tensor) -> Tensor:
    """argmax_p E_p[score] - KL(p, reference) = reference * exp(score) / Z (Gibbs; arXiv 2405.16276, Prop. 4.8)."""
    return torch.softmax(reference.log() + score, -1)


def log_partition(reference: Tensor, score: Tensor) -> Tensor:
    """max_p E_p[score] - KL(p, reference) = log E_reference[exp(score)] (Donsker-Varadhan)."""
    return torch.logsumexp(reference.log() + score, -1)


def kl() -> Divergence:
    """f(t) = t log t; D = sum p log(p/q).

    >>> kl()(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75]))
    tensor(0.1438)
    """
    return Divergence(
        name="kl",
        f=lambda t: torch.xlogy(t, t),
        tilt=lambda t, a: t * a.exp(),
        softness=lambda t: t,
        optimum=softmax_optimum,
        conjugate=log_partition,
    )
