"""Payments from the training rule alone, by integrating along a path of reports (Rochet 1987), no payment rule asked.

Truthful utility U is convex in the report with slope the policy, so it is known up to a constant from the policies on
any path; the payment is what valuation leaves over.  All paths start at the constant reward, whose valuation no policy
changes, so that the weight, which the path keeps, is free there (arXiv 2405.16276, Theorem 4.9).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import torch
from torch import Tensor

from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.valuation import Valuation
from simulate.theorems.games import Games

# On games as even as these, 96 nodes integrate every strictly convex regulariser's policy to about 1e-14 per unit of
# weight; on very uneven references a rare response takes over in a sudden step, which would need more.
NODES, UNEVENNESS = 96, 1.0
QUADRATURE = 1e-9  # per unit of weight
Payment = Callable[[Games, Valuation], Tensor]  # agent 0's, at reports [..., B, 1, K], [..., B]


@cache
def _gauss_legendre() -> tuple[Tensor, Tensor]:
    """Nodes and weights on [0, 1]."""
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    return torch.from_numpy((nodes + 1) / 2), torch.from_numpy(weights / 2)


def path_payment(games: Games, own: Valuation) -> Tensor:
    """Agent 0's payment at reports ``own [..., B, 1, K], [..., B]``, zero at the constant reward c: ``[..., B]``.

    p(r, w) = w (E_policy(r)[r] - E[c] - integral over s in [0, 1] of E_policy(c + s (r - c))[r - c]).
    """
    nodes, weights = _gauss_legendre()
    start = games.uniform
    step = own.rewards - start
    along = start + nodes.reshape(-1, *(1,) * step.dim()) * step
    policies = games.train(games.reference, games.profile(Valuation(along, own.weights.expand(along.shape[:-2]))))
    slope = games.reference.expectation(policies, step)
    integral = torch.einsum("s...,s->...", slope, weights)
    final = games.train(games.reference, games.profile(own))
    return own.weights * (games.reference.expectation(final, own.rewards) - start.mean() - integral)


def charged(games: Games, own: Valuation) -> Tensor:
    """Agent 0's affine-maximizer payment at the same reports: ``[..., B]``."""
    profile = games.profile(own)
    policy = games.train(games.reference, profile)
    return affine_maximizer(games.train, games.reference, profile, policy)[..., 0]
