"""One list of lies for every agent of every game, at matrix-product speed, where KL factorises.

Under KL a lie t' = w' r' among others' total S has the partition function Z = sum_k q_k e^{S_k / beta} e^{t'_k / beta}:
a product of a row that knows the game and a column that knows the lie.  All games times all lies are one matrix
product, expectations under the trained policies are more of them, and the exponentials are those of the list alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechanisms.axioms.base import Games
from mechanisms.base import Mechanism
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.zero import zero
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation

ROWS, COLUMNS = 256, 1024  # of a product at a time: four matrices of that size fit a processor's cache
SPREAD = 600.0  # largest exponent met; e^-600 is a normal number still, e^-745 is not


def factorises(mechanism: Mechanism) -> bool:
    """Is it plain social welfare, trained exactly under KL, free or with affine-maximizer payments?"""
    train = mechanism.train
    return (
        isinstance(train, SocialWelfare)
        and bool((train.influence == 1).all())
        and train.boosts is None
        and train.status_quo == 0
        and isinstance(train.fine_tuner, Exact)
        and train.fine_tuner.divergence.name == "kl"
        and mechanism.pay in (affine_maximizer, zero)
        and mechanism.repeated is None
    )


def best_shared_lie(mechanism: Mechanism, games: Games, lies: Valuation) -> tuple[Tensor, Tensor] | None:
    """The utility of the best of ``lies [M, P, K]`` and its place in the list, ``[n, B]`` each.

    u = beta log Z + E_policy[t - t'] - V_{-i} with affine-maximizer payments, E_policy[t] without; t = w r the truth.
    None where rewards are spread over more than 600 beta, and Z might vanish.
    """
    reference, truth, beta = games.reference, games.truth, mechanism.train.beta
    own = truth.payers()
    true = own.weights[..., None, None] * own.rewards  # [n, B, P, K]
    logs = reference.log + truth.others().total / beta
    told = lies.weights[:, None, None] * lies.rewards
    peak, top = told.amax(-1, keepdim=True), logs.amax(-1, keepdim=True)
    met = (top - logs.where(reference.policy > 0, torch.inf).amin(-1, keepdim=True)).amax()
    if float(met + (peak - told.amin(-1, keepdim=True)).amax() / beta) > SPREAD:
        return None
    without = beta * reference.mean(torch.logsumexp(logs, -1))
    rows, columns = (logs - top).exp().flatten(0, 1), ((told - peak) / beta).exp()
    charged = mechanism.pay is affine_maximizer
    found = [
        _best(part, own_true, columns, told, reference.prompt_weights, beta, charged, peak[..., 0], height)
        for part, own_true, height in zip(
            rows.split(ROWS), true.flatten(0, 1).split(ROWS), top[..., 0].flatten(0, 1).split(ROWS), strict=True
        )
    ]
    best, place = (torch.cat(parts).reshape(own.weights.shape) for parts in zip(*found, strict=True))
    return (best - without if charged else best), place


def random_messages(games: Games, count: int) -> Valuation:
    """Uniform rewards and weights up to the largest of the misreports in hand: ``[count, P, K]``, ``[count]``."""
    rng, like = games.rng(), games.lies
    most, heaviest = like.rewards.abs().amax(), like.weights.amax()
    drawn = torch.rand((count, *games.reference.policy.shape[-2:]), generator=rng, dtype=torch.float64)
    weights = torch.rand(count, generator=rng, dtype=torch.float64)
    return games.messages.project(Valuation(drawn.to(most) * most, weights.to(most) * heaviest))


def _best(
    rows: Tensor,
    true: Tensor,
    columns: Tensor,
    told: Tensor,
    prompt_weights: Tensor,
    beta: float,
    charged: bool,
    peak: Tensor,
    top: Tensor,
) -> tuple[Tensor, Tensor]:
    """The best utility, up to V_{-i}, of some agents ``[G, P, K]`` over all lies ``[M, P, K]``: ``[G]``, ``[G]``."""
    best, place = rows.new_full(rows.shape[:1], -torch.inf), torch.zeros(len(rows), dtype=torch.long)
    for start in range(0, len(columns), COLUMNS):
        some = slice(start, start + COLUMNS)
        utility: Tensor | float = 0.0
        for prompt, share in enumerate(prompt_weights.tolist()):
            a, e = rows[:, prompt], columns[some, prompt]
            partition, mine = a @ e.T, a * true[:, prompt]
            if not charged:
                utility = utility + share * (mine @ e.T).div_(partition)
                continue
            excess = torch.cat([mine, -a], 1) @ torch.cat([e, e * told[some, prompt]], 1).T
            worth = excess.div_(partition).add_(partition.log_(), alpha=beta).add_(peak[some, prompt])
            utility = utility + share * worth.add_(beta * top[:, prompt, None])
        assert isinstance(utility, Tensor)
        record, at = utility.max(1)
        place = torch.where(record > best, at + start, place.to(at.device))
        best = torch.maximum(best, record)
    return best, place
