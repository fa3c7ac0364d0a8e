"""Maximal lotteries: the mixture of responses that no response beats on balance (Fishburn 1984)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import scipy
import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.comparisons import rivals, strict_shares
from mechanisms.training_rules.presence import if_anybody
from mechanisms.valuation import Profile

# Ties between optimal lotteries are broken by adding margins of up to this size, the same in every game: far above
# the solver's tolerance, so that it decides, and far below the smallest margin of a few hundred agents.
TIE_BREAK = 1e-6
SOLVER = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}  # the least that HiGHS allows
HURRIED: dict[str, float] = {}  # its defaults, for a game whose margins nearly vanish; good to the tie-break still
DIGITS = 12  # margins that agree to so many are the same game
AT_ONCE = 2000  # games in one linear programme


@dataclass(frozen=True)
class MaximalLottery(SocialChoice):
    """policy = argmax_p min_y' sum_y p(y) (S(y, y') - S(y', y)), S the weighted share that strictly prefers y to y'.

    The von Neumann winner: a Condorcet winner gets probability 1, and clones of a response change nothing for the
    rest (Brandl, Brandt and Seedig 2016; for alignment Maura-Rivero et al., arXiv 2501.19266).  The reference only
    says which responses exist.  Where several lotteries are optimal, fixed margins below 1e-6 between responses, which
    depend on the responses' places only, decide; the answer is optimal up to as much.  No slope for gradients.
    """

    iterative: ClassVar[bool] = True

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        strict = strict_shares(reports).detach()
        exists = (reference.policy > 0).expand(strict.shape[:-1])
        margins = (strict - strict.mT + _tie_break(strict.shape[-1]).to(strict)) * rivals(reference)
        games = torch.cat([margins, exists[..., None].to(margins)], -1).flatten(0, -3)  # [G, K, K + 1]
        rows = games.flatten(1).cpu().double().numpy().round(DIGITS)
        distinct, which = np.unique(rows, axis=0, return_inverse=True)
        lotteries = torch.from_numpy(_solved(distinct.reshape(-1, *games.shape[1:])))
        policy = lotteries[torch.from_numpy(which.reshape(-1))].reshape(exists.shape).to(strict)
        return if_anybody(reports, policy, reference)


def _tie_break(responses: int) -> Tensor:
    """An antisymmetric matrix ``[K, K]`` without structure, entries up to `TIE_BREAK`, the same whatever the game."""
    j, k = torch.tril_indices(responses, responses, -1)
    pairs = (j * (j - 1) // 2 + k + 1).double()
    matrix = torch.zeros(responses, responses, dtype=torch.float64)
    matrix[j, k] = TIE_BREAK * torch.sin(pairs**2)  # neither periodic in the pair nor zero
    return matrix - matrix.mT


def _solved(games: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Optimal lotteries ``[G, K]`` of games ``[G, K, K + 1]``: margins, and in the last column who exists."""
    margins, exists = games[..., :-1], games[..., -1]
    winner = (exists > 0) & ((margins > 0).sum(-1) == exists.sum(-1, keepdims=True) - 1)  # Condorcet's: no LP needed
    lotteries = winner.astype(float)
    hard = np.flatnonzero(~winner.any(-1))
    for some in (hard[at : at + AT_ONCE] for at in range(0, len(hard), AT_ONCE)):
        lotteries[some] = _programme(margins[some], exists[some])
    return lotteries


def _programme(
    margins: np.ndarray[Any, Any], exists: np.ndarray[Any, Any], options: dict[str, float] = SOLVER
) -> np.ndarray[Any, Any]:
    """max t, t <= p' margins on what exists, p >= 0, sum p = 1: all games as one block-diagonal programme.

    t is 0 at the optimum of a symmetric game; kept as a variable, rounding cannot make the programme infeasible.
    """
    games, responses = exists.shape

    def each(per_game: list[float], of_t: float) -> np.ndarray[Any, Any]:
        return np.tile([*per_game, of_t], (games, 1))

    def diagonal(blocks: np.ndarray[Any, Any]) -> Any:
        return scipy.sparse.bsr_array((blocks, np.arange(games), np.arange(games + 1)))

    upper = each([0.0] * responses, np.inf)
    upper[:, :-1] = exists  # a probability, and none for what does not exist
    solution = scipy.optimize.linprog(
        each([0.0] * responses, -1.0).reshape(-1),
        A_ub=diagonal(np.concatenate([-margins.swapaxes(-1, -2), exists[..., None]], -1)),
        b_ub=np.zeros(games * responses),
        A_eq=diagonal(each([1.0] * responses, 0.0)[:, None]),
        b_eq=np.ones(games),
        bounds=np.stack([each([0.0] * responses, -np.inf), upper], -1).reshape(-1, 2),
        method="highs",
        options=options,
    )
    if not solution.success and options is not HURRIED:
        return _in_halves(margins, exists)
    if not solution.success:
        raise ArithmeticError(f"maximal_lottery: the linear programme failed: {solution.message}")
    lotteries = solution.x.reshape(games, -1)[:, :-1].clip(min=0)
    return lotteries / lotteries.sum(-1, keepdims=True)


def _in_halves(margins: np.ndarray[Any, Any], exists: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """HiGHS now and then gives up on a programme: its halves are the same games, and a lone game may be less exact."""
    half = len(exists) // 2
    if half == 0:
        return _programme(margins, exists, HURRIED)
    return np.concatenate([_programme(margins[:half], exists[:half]), _programme(margins[half:], exists[half:])])
