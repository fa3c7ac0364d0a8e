"""Logit quantal response equilibrium: everybody errs, dearer errors are rarer, and everybody reckons with it.

Conventions.  The unknowns are logits z_i(a) = precision * (u_i(a, sigma_{-i}) - u_i(sigma)), of which
sigma_i = softmax(z_i): no probability can leave the simplex, what is played has logits near 0 however large the
precision, and what is dominated runs off along a straight line.  Payoffs are in units of the game's span, precisions
in units of 1 / span.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm, Profile, action_values, uniform
from simulate.equilibria.base import Answer, mixed
from simulate.equilibria.solvers.path_following import Equations, follow

TOLERANCE = 1e-10  # the most that one more logit response may move a probability
LARGEST = 1e15  # precision in units of 1 / span: beyond it float64's own rounding of payoffs would decide
STEPS = 2000  # random games of 20 x 20 and 10 x 10 x 10 need up to 230, games with bifurcations up to 110


@dataclass(frozen=True)
class LogitPath:
    """The branch of logit equilibria that starts at uniform play, where it first reaches each precision."""

    precisions: tuple[float, ...]  # those reached
    profiles: tuple[Profile, ...]
    residuals: tuple[float, ...]
    stopped: str | None = None


def quantal_response(game: NormalForm, precision: float = 1.0, steps: int = STEPS) -> Answer:
    """sigma_i(a) ~ exp(precision * u_i(a, sigma_{-i})) for every player i and action a.

    McKelvey and Palfrey 1995, section 2, on the branch that starts at uniform play, where it first reaches
    ``precision`` (in 1 / units of utility); there may be others.  ``residual`` is
    max |sigma - softmax(precision * u(sigma))|; the regrets are against Nash equilibrium and need not be small.
    Raises ValueError for a precision below 0 or above 1e15 / span, and for ``steps`` below 1.

    >>> pennies = NormalForm.of([[[9, 0], [0, 1]], [[0, 1], [1, 0]]])
    >>> quantal_response(pennies, 1.0).equilibria[0].profile[0].round(3).tolist()
    [0.894, 0.106]
    """
    path = logit_path(game, [precision], steps)
    found = zip(path.profiles, path.residuals, strict=True)
    return Answer(tuple(mixed(game, profile, residual) for profile, residual in found), stopped=path.stopped)


def logit_path(game: NormalForm, precisions: Sequence[float], steps: int = STEPS) -> LogitPath:
    """The logit equilibria that lead from uniform play towards Nash equilibrium, at increasing precisions.

    Turocy 2005, A dynamic homotopy interpretation of the logistic quantal response equilibrium correspondence.  The
    branch is followed round its turning points; at a bifurcation, as symmetric games have them, straight on.
    """
    _check(game, precisions, steps)
    start = np.zeros(sum(game.sizes) + 1)
    above = [precision * game.span for precision in precisions if precision * game.span > 0]
    points, stopped = follow(logit_equations(game), start, above, steps) if above else ([], None)
    profiles = [uniform(game)] * (len(precisions) - len(above)) + [_softmax(game, point[:-1]) for point in points]
    residuals = [residual(game, profile, precision) for profile, precision in zip(profiles, precisions, strict=False)]
    exact = next((k for k, missed in enumerate(residuals) if not missed < TOLERANCE), len(residuals))
    if exact < len(residuals):
        stopped = f"at precision {precisions[exact]:g} rounding leaves a residual of {residuals[exact]:.1g}"
    elif stopped:
        stopped += f" and did not reach precision {precisions[exact]:g}"
    return LogitPath(tuple(precisions[:exact]), tuple(profiles[:exact]), tuple(residuals[:exact]), stopped)


def residual(game: NormalForm, profile: Profile, precision: float) -> float:
    """max |sigma - softmax(precision * u(sigma))| over players and actions."""
    answers = [softmax(precision * action_values(game, i, profile)) for i in range(game.n)]
    return max(float(np.abs(answer - own).max()) for answer, own in zip(answers, profile, strict=True))


def softmax(logits: Array) -> Array:
    """exp(logits) / sum, for logits of any size."""
    weights = np.exp(logits - logits.max())
    return weights / weights.sum()


def logit_equations(game: NormalForm) -> Equations:
    """z_i - precision * (u_i(., sigma_{-i}) - u_i(sigma)) at sigma = softmax(z), and its derivatives."""
    least = game.payoffs.reshape(game.n, -1).min(1)
    tables = [(table - low) / game.span for table, low in zip(game.payoffs, least, strict=True)]
    ends = np.cumsum(game.sizes)
    own = [slice(end - size, end) for end, size in zip(ends, game.sizes, strict=True)]

    def equations(point: Array) -> tuple[Array, Array]:
        profile, precision = _softmax(game, point[:-1]), point[-1]
        gains, jacobian = np.zeros(len(point) - 1), np.eye(len(point) - 1, len(point))
        for i, table in enumerate(tables):
            worth = _worth(table, [i], profile)
            gains[own[i]] = worth - profile[i] @ worth
            jacobian[own[i], own[i]] += precision * gains[own[i]] * profile[i]
            for j in range(game.n):
                if j != i:
                    against = _worth(table, [i, j], profile) - worth[:, None]
                    jacobian[own[i], own[j]] = precision * (profile[i] @ against - against) * profile[j]
        jacobian[:, -1] = -gains
        return point[:-1] - precision * gains, jacobian

    return equations


def _worth(table: Array, kept: Sequence[int], profile: Profile) -> Array:
    """The expected table for each action of the players ``kept``, everybody else mixing."""
    value = np.moveaxis(table, kept, range(len(kept)))
    for mixture in reversed([own for k, own in enumerate(profile) if k not in kept]):
        value = value @ mixture
    return value


def _softmax(game: NormalForm, logits: Array) -> Profile:
    return tuple(softmax(own) for own in np.split(logits, np.cumsum(game.sizes)[:-1]))


def _check(game: NormalForm, precisions: Sequence[float], steps: int) -> None:
    for precision in precisions:
        if not 0 <= precision * game.span <= LARGEST:
            raise ValueError(f"precision is {precision!r}; a number from 0 to 1e15 / {game.span:g} is expected")
    if list(precisions) != sorted(precisions):
        raise ValueError(f"precisions are {list(precisions)!r}; increasing ones are expected")
    if steps < 1:
        raise ValueError(f"steps is {steps!r}; a whole number of at least 1 is expected")
