"""The segment auction's price: Myerson's, for shares in proportion to bid times relevance (arXiv 2406.09459)."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from mechanisms.base import TrainingRule
from mechanisms.reference import Reference
from mechanisms.valuation import Reports


def segment_auction(
    train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor, *, relevance: Tensor | None = None
) -> Tensor:
    """p_i = b_i x_i - b_i + (S / q_i) log((b_i q_i + S) / S), x_i = b_i q_i / (b_i q_i + S), S = sum_{j != i} b_j q_j.

    The bid b_i is the weight, q the ``relevance [n]`` of each agent, known beforehand (1 for everybody).  Truth is
    dominant for an agent who values its share x_i at b_i x_i, as in a linear pool of policies; 0 where S = 0.
    Raises ValueError unless relevance is one positive number for each agent, or one for all.  (Hajiaghayi, Lahaie,
    Rezaei, Shin 2024; price derived from their shares, checked by quadrature in tests/test_payments.py.)
    """
    own, others = reports.payers().weights, reports.others().weights
    q = own.new_ones(1) if relevance is None else relevance.to(own)
    if q.dim() != 1 or q.shape[0] not in (1, others.shape[-1]) or not bool((q > 0).all()):
        raise ValueError(f"segment_auction: relevance is {q.tolist()}; allowed is a number above 0 for each agent")
    mine = reports.select(q)
    rest = (others * q).sum(-1)
    alone = torch.where(rest > 0, rest, 1.0)
    price = rest / mine * torch.log1p(own * mine / alone) - own * rest / torch.where(rest > 0, own * mine + rest, 1.0)
    return reports.bills(price.expand(np.broadcast_shapes(price.shape, policy.shape[:-2])))
