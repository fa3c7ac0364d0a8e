"""Social welfare under KL and everybody's affine-maximizer payment from one read of the rewards, for large batches.

The fine-tune without agent i is the policy reweighted by exp(-w_i r_i / beta) (`payments/cumulant.py`), so the policy
and all payments are sums over the responses of one game.  Spelled out agent by agent they compile to one kernel, where
the mechanism's own steps read the rewards again for each quantity.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from mechanisms.base import Mechanism, Outcome, TrainingRule
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.training_rules.base import EQUAL
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation


def fused(mechanism: Mechanism) -> Callable[[Reference, Valuation], Outcome]:
    """The same outcomes as ``mechanism``, compiled; meant for a GPU, up to some ten agents.

    The first call takes seconds, and on a CPU a C++ compiler.  Raises ValueError unless the mechanism is social_welfare
    under kl, exact and without boosts, paid by affine_maximizer.
    """
    if not _plain(mechanism.train) or mechanism.pay is not affine_maximizer or mechanism.repeated is not None:
        raise ValueError("only social_welfare under kl, exact and without boosts, paid by affine_maximizer, is fused")
    beta, compiled = mechanism.train.beta, torch.compile(one_pass, fullgraph=True)

    def played(reference: Reference, reports: Valuation) -> Outcome:
        policy, payments = compiled(reference.log, reference.prompt_weights, reports.rewards, reports.weights, beta)
        return Outcome(policy, payments)

    return played


def one_pass(
    log_reference: Tensor, prompt_weights: Tensor, rewards: Tensor, weights: Tensor, beta: float
) -> tuple[Tensor, Tensor]:
    """Policy ``[..., P, K]`` and payments ``[..., n]`` from log reference ``[..., P, K]`` and reports.

    >>> rewards, even = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]]), torch.tensor([[0.5, 0.5]])
    >>> one_pass(even.log(), torch.ones(1), rewards, torch.ones(2), 1.0)
    (tensor([[0.5000, 0.5000]]), tensor([0.1201, 0.1201]))
    """
    scores = [weights[..., i, None, None] * rewards[..., i, :, :] / beta for i in range(rewards.shape[-3])]
    logs = log_reference + sum(scores)
    value = torch.logsumexp(logs, -1, keepdim=True)
    policy = (logs - value).exp()
    # Each counterfactual is shifted by a maximum of its own: without a dominant agent another response is the best.
    costs = [torch.logsumexp(logs - own, -1) - value.squeeze(-1) + (policy * own).sum(-1) for own in scores]
    return policy, beta * (torch.stack(costs, -1) * prompt_weights[:, None]).sum(-2)


def _plain(train: TrainingRule) -> bool:
    return (
        isinstance(train, SocialWelfare)
        and (train.influence is EQUAL and train.boosts is None and train.status_quo == 0)
        and isinstance(train.fine_tuner, Exact)
        and train.fine_tuner.divergence.name == "kl"
    )
