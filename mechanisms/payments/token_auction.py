"""The token auction's expected price for a linear pool (Duetting, Mirrokni, Paes Leme, Xu, Zuo; arXiv 2310.10826)."""

import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.payments.base import tuner
from mechanisms.reference import Reference
from mechanisms.valuation import Reports, Valuation


def token_auction(train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor:
    """p_i = TV(P_i, Q) B (-s - log(1 - s)), s = w_i / (w_i + B), B = sum of the others' weights; 0 where B = 0.

    P_i is what i's reward alone is fine-tuned to, Q the others' pool, TV half the sum of absolute differences, a mean
    over prompts.  Made for the training rule that pools policies linearly, `opinion_pool` with alpha 1, where
    the weight is the bid: i moves the pool a share s of the way from Q to P_i, and this is the Myerson payment
    w x(w) - integral of x for x = s TV.  So bidding w is dominant for an agent who values a unit of total variation at
    w; what its P_i is, it may still have reason to lie about.  (Derived; checked by quadrature in
    tests/test_payments.py.)
    """
    tuned, own, others = tuner(train), reports.payers(), reports.others()
    alone = tuned(reference, others.base.payers().rewards).movedim(0, -3)  # [..., n, P, K]
    bids = others.weights.sum(-1)
    # summed anew rather than subtracted from the whole: a large w_i would leave only rounding behind
    pool = Valuation(alone, others.weights).total / torch.where(bids > 0, bids, 1.0)[..., None, None]
    apart = reference.mean((tuned(reference, own.rewards) - pool).abs().sum(-1) / 2)
    share = own.weights / torch.where(bids > 0, own.weights + bids, 1.0)
    price = bids * torch.log1p(own.weights / torch.where(bids > 0, bids, 1.0)) - bids * share
    return reports.bills(apart * price)
