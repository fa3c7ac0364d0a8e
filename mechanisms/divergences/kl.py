"""KL(policy || reference), the RLHF regulariser; "reverse KL" in TRL's wording."""

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.reference import Reference


def t_log_t(t: Tensor) -> Tensor:
    """t log t with 0 log 0 = 0; several times faster than `torch.xlogy`."""
    return t * t.clamp(min=torch.finfo(t.dtype).tiny).log()


def softmax_optimum(reference: Reference, reward: Tensor, beta: float) -> Tensor:
    """argmax_p E_p[reward] - beta KL(p, reference) = reference exp(reward / beta) / Z (arXiv 2405.16276, Prop. 4.8)."""
    return torch.softmax(torch.add(reference.log, reward, alpha=1 / beta), -1)


def log_partition(reference: Reference, reward: Tensor, beta: float) -> Tensor:
    """max_p E_p[reward] - beta KL(p, reference) = beta log E_reference[exp(reward / beta)] (Donsker-Varadhan)."""
    logs = torch.add(reference.log, reward, alpha=1 / beta)
    if logs.requires_grad:
        return beta * torch.logsumexp(logs, -1)
    top = logs.amax(-1, keepdim=True)  # in place: on large batches fresh memory costs as much as the exponentials
    return beta * logs.sub_(top).exp_().sum(-1).log_().add_(top.squeeze(-1))


def kl() -> Divergence:
    """f(t) = t log t; D = sum p log(p/q).

    >>> kl()(torch.tensor([0.5, 0.5]), torch.tensor([0.25, 0.75]))
    tensor(0.1438)
    """
    return Divergence(
        name="kl",
        f=t_log_t,
        tilt=lambda t, a: t * a.exp(),
        softness=lambda t: t,
        optimum=softmax_optimum,
        conjugate=log_partition,
    )
