"""Voting by issues: the reference's favourite of a pair stays unless a qualified majority objects."""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.training_rules.comparisons import ROUNDING, majority
from mechanisms.training_rules.duple import Duple


def voting_by_issues(fine_tuner: FineTuner, quota: float = 2 / 3) -> Duple:
    """policy(y) = 2 q(y) sum_y' q(y') [y stays], q the reference: the likelier of y, y' unless over ``quota`` object.

    An issue is a pair of responses drawn from the reference, and who strictly prefers the other one objects; of a
    pair that is equally likely the majority picks.  Monotone on every issue, so truth is dominant (Barbera,
    Sonnenschein and Zhou 1991; for alignment Wojtowicz et al. 2026, whose issues are directions of a linear reward).
    Agents count equally whatever their weight; weight 0 is absent.

    Raises ValueError unless quota is at least 1/2 and below 1.
    """
    if not 0.5 <= quota < 1:
        raise ValueError(f"voting_by_issues: quota is {quota}; allowed is 1/2 and above, below 1")

    def committee(strict: Tensor, reference: Tensor) -> Tensor:
        lead = reference[..., :, None] - reference[..., None, :]
        enough = strict > quota + ROUNDING
        qualified = torch.where(lead > 0, ~enough.mT, enough).to(strict.dtype)
        return torch.where(lead.abs() <= ROUNDING, majority(strict), qualified)

    return Duple(fine_tuner, committee)
