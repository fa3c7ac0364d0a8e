"""A learned share of the reported value: for training rules that no payment makes incentive compatible."""

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports

FEATURES = 10  # what the share may depend on, see `features`
HALF = (torch.zeros(1, FEATURES + 1, dtype=torch.float64), torch.zeros(2, dtype=torch.float64))  # of any value


def learned(
    train: TrainingRule,
    reference: Reference,
    reports: Reports,
    policy: Tensor,
    hidden: Tensor = HALF[0],
    output: Tensor = HALF[1],
) -> Tensor:
    """p_i = s_i max(w_i E_policy[r_i], 0) at the report, s_i = sigmoid(output . (tanh(hidden . (features_i, 1)), 1)).

    ``hidden [H, 11]`` and ``output [H + 1]`` come from `trueward design --payment learned`; left out, s_i = 1/2.
    Nobody is paid, nobody who tells the truth about non-negative rewards pays more than the outcome is worth to
    them; incentives are only as good as training made them (Duetting et al., RegretNet, arXiv 1706.03459, for the
    bound and the training; the features are ours).  Raises ValueError where the shapes do not fit.
    """
    _require_shapes(hidden, output)
    own = reports.payers()
    value = own.weights * reference.expectation(policy, own.rewards)
    paid = share(features(train, reference, reports, policy), hidden.to(value), output.to(value))
    return reports.bills(paid * value.clamp(min=0))


def share(inputs: Tensor, hidden: Tensor, output: Tensor) -> Tensor:
    """sigmoid(output . (tanh(hidden . (inputs, 1)), 1)): ``[..., 10] -> [...]``, between 0 and 1."""
    units = torch.tanh(inputs @ hidden[:, :-1].T + hidden[:, -1])
    return torch.sigmoid(units @ output[:-1] + output[-1])


def features(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """Ten numbers a payer, whatever the order and the number of the others: ``[..., 10]``, axes as in `payers`.

    Own report: its expectation under the policy, its mean and standard deviation under the reference, its best and
    its worst response; the payer's share of all weight; the others' mean reward, by weight, under the policy, under
    the policy without the payer and under the reference; D(policy, reference).
    """
    own, others = reports.payers(), reports.others()
    support = reference.policy > 0
    mean = reference.expectation(reference.policy, own.rewards)
    variance = reference.expectation(reference.policy, own.rewards**2) - mean**2
    weight = others.weights.sum(-1)
    everyone = own.weights + weight

    def rest(fine_tuned: Tensor) -> Tensor:
        return others.welfare(reference, fine_tuned) / torch.where(weight > 0, weight, 1.0)

    columns = (
        reference.expectation(policy, own.rewards),
        mean,
        variance.clamp(min=0).sqrt(),  # rounding may take a constant report below 0
        reference.mean(torch.where(support, own.rewards, -torch.inf).amax(-1)),
        reference.mean(torch.where(support, own.rewards, torch.inf).amin(-1)),
        own.weights / torch.where(everyone > 0, everyone, 1.0),
        rest(policy),
        rest(train(reference, others)),
        rest(reference.policy),
        train.divergence(reference, policy),
    )
    return torch.stack(torch.broadcast_tensors(*columns), -1)


def _require_shapes(hidden: Tensor, output: Tensor) -> None:
    if hidden.dim() != 2 or hidden.shape[1] != FEATURES + 1:
        raise ValueError(f"hidden has the shape {tuple(hidden.shape)}; allowed are rows of {FEATURES + 1} numbers")
    if output.dim() != 1 or len(output) != len(hidden) + 1:
        raise ValueError(f"output has the shape {tuple(output.shape)}; allowed are {len(hidden) + 1} numbers")
