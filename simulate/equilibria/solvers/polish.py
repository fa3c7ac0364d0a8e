"""From a profile near an equilibrium to the equilibrium: Newton's method on the indifference equations of its support.

Definitions.  On a support (S_1, ..., S_n) the unknowns are the probabilities x_ia, a in S_i, and the values v_i; the
equations are u_i(a, x_{-i}) = v_i for a in S_i, and sum_a x_ia = 1.  They are multilinear, so Newton's steps are exact
in a player's own mixture and converge quadratically where the equilibrium is regular.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulate.empirical.normal_form import Array, NormalForm, Profile, action_values
from simulate.empirical.regret import regrets

TOLERANCE = 1e-10  # regret of an equilibrium, payoffs in [0, 1]: rounding of sums over 10^5 profiles, with a margin
ROUNDING = 1e-12  # regret below which Newton's method has nothing to improve
STEPS = 30  # of Newton; from inside the basin fewer than ten are needed
PLAYED = (1e-1, 3e-2, 1e-2, 1e-3, 1e-5, 1e-8)  # shares of the likeliest action below which an action counts as unused
NEGLIGIBLE = 1e-9  # a probability below it that Newton returns is rounding, and is zero

Support = tuple[NDArray[np.bool_], ...]


def polished(game: NormalForm, profile: Profile) -> Profile | None:
    """The equilibrium of a ``scaled`` game near ``profile``, or None; its regrets are at most ``TOLERANCE``.

    Tries the supports that ``profile`` suggests, from the fewest actions to the most.
    """
    clean = accepted(game, profile)
    if clean is not None and regrets(game, clean).max() <= ROUNDING:
        return clean
    for support in supports(profile):
        found = newton(game, profile, support)
        if found is not None:
            return found
    return None


def supports(profile: Profile) -> Iterator[Support]:
    """Who plays what, for ever lower shares of the likeliest action."""
    before: Support | None = None
    for share in PLAYED:
        support = tuple(mixture >= share * mixture.max() for mixture in profile)
        if before is None or any((a != b).any() for a, b in zip(support, before, strict=True)):
            yield support
        before = support


def newton(game: NormalForm, start: Profile, support: Support) -> Profile | None:
    """The equilibrium on ``support`` that Newton's method reaches from ``start``; None if there is none.

    Steps are of least norm where the equations are dependent, as on a continuum of equilibria.
    """
    mask = np.concatenate(support)
    cuts = np.cumsum(game.sizes)[:-1]
    x = np.where(mask, np.concatenate(start), 0.0)
    x /= np.repeat([part.sum() for part in np.split(x, cuts)], game.sizes)
    for _ in range(STEPS):
        values, slopes = values_and_slopes(game, tuple(np.split(x, cuts)))
        step = np.linalg.lstsq(*_equations(game, x, values, slopes, mask), rcond=None)[0][: mask.sum()]
        x[mask] += step
        if abs(x).max() > 1e3:  # far outside the simplex: no equilibrium here
            return None
        if abs(step).max() < 1e-14:
            break
    return accepted(game, tuple(np.split(x, cuts)))


def accepted(game: NormalForm, x: Profile) -> Profile | None:
    """``x`` without rounding below zero, if it is a profile and an equilibrium."""
    if not all(np.isfinite(part).all() and part.min() >= -NEGLIGIBLE for part in x):
        return None
    clean = tuple(np.where(part > NEGLIGIBLE, part, 0.0) for part in x)
    if not all(part.sum() > 0.5 for part in clean):
        return None
    profile = tuple(part / part.sum() for part in clean)
    return profile if regrets(game, profile).max() <= TOLERANCE else None


def values_and_slopes(game: NormalForm, profile: Profile) -> tuple[Array, Array]:
    """u_i(a, x_{-i}) of all players' actions ``[sum A]``, and its derivatives by all probabilities ``[sum A, sum A]``.

    Between two players i and j the derivative is the payoff of i averaged over everybody else; of one's own, zero.
    """
    cuts = np.concatenate([[0], np.cumsum(game.sizes)])
    values = np.concatenate([action_values(game, i, profile) for i in range(game.n)])
    slopes = np.zeros((cuts[-1], cuts[-1]))
    for i in range(game.n):
        for j in range(game.n):
            if i != j:
                slopes[cuts[i] : cuts[i + 1], cuts[j] : cuts[j + 1]] = between(game, i, j, profile)
    return values, slopes


def between(game: NormalForm, i: int, j: int, profile: Profile) -> Array:
    """E[u_i] given the actions of i and j: ``[A_i, A_j]``."""
    value = np.moveaxis(game.payoffs[i], (i, j), (0, 1))
    for other in reversed([mixture for k, mixture in enumerate(profile) if k not in (i, j)]):
        value = value @ other
    return value


def _equations(
    game: NormalForm, x: Array, values: Array, slopes: Array, mask: NDArray[np.bool_]
) -> tuple[Array, Array]:
    """The linear system of one Newton step in (x on the support, v)."""
    owner = np.repeat(np.eye(game.n), game.sizes, axis=0)[mask]  # [support, n]
    worth = owner.T @ (x * values)[mask]  # any start for v serves: the equations are linear in it
    top = np.hstack([slopes[np.ix_(mask, mask)], -owner])
    bottom = np.hstack([owner.T, np.zeros((game.n, game.n))])
    missed = np.concatenate([values[mask] - owner @ worth, owner.T @ x[mask] - 1])
    return np.vstack([top, bottom]), -missed
