"""alpha-rank: how often each profile is played when strategies invade populations one mutant at a time.

Conventions.  ``alpha`` is in units of 1 / span, so that one value means the same in every game.  A chain is its
matrix of log rates ``[N, N]`` from row to column; the diagonal is left out.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm
from simulate.empirical.regret import coarse_regrets
from simulate.equilibria.base import Answer, correlated_by
from simulate.equilibria.solvers.incentive_rows import unit
from simulate.equilibria.solvers.stationary import stationary

MOST = 1024  # profiles: the chain is solved densely, in a second, or ten if rates underflow

LogFixation = Callable[[Array], Array]  # what a mutant gains, in spans -> log of its chance to take over


def alpha_rank(game: NormalForm, alpha: float = 100.0, population: int = 50, epsilon: float = 0.01) -> Answer:
    """pi = pi C over action profiles; C(s, s') = rho(alpha * gain) / sum_i (A_i - 1) if s' changes one action of s.

    rho(x) = (1 - e^-x) / (1 - e^-mx) is the chance that one mutant takes over a population of m; every player has
    one (Omidshafiei et al. 2019, Scientific Reports 9).  For infinite ``alpha`` rho is 1 - ``epsilon`` if the mutant
    gains, 1/2 if it ties, ``epsilon`` if it loses (Rowland et al. 2019; the tie as in OpenSpiel).  The joint is pi,
    which need not be an equilibrium of any kind: the regrets, coarse ones, are what committing to one action would
    gain against it, and negative where nothing would.  ``residual`` is max |pi C - pi|.
    Raises ValueError for a negative alpha, a population below 2 and an epsilon outside (0, 1/2].

    >>> alpha_rank(NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])).equilibria[0].joint.round(9).tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """
    fixation = _fixation(alpha, population, epsilon)
    if (count := math.prod(game.sizes)) > MOST:
        return Answer((), stopped=f"the game has {count} profiles; alpha-rank takes at most {MOST}")
    chain = invasions(game, fixation)
    pi = stationary(chain)
    joint = pi.reshape(game.sizes)
    found = correlated_by(game, joint, coarse_regrets(game, joint), imbalance(chain, pi))
    return Answer((found,), complete=True)


def single_population(
    table: Array, alpha: float = 100.0, population: int = 50, selection: str = "local", epsilon: float = 0.01
) -> Array:
    """The stationary distribution ``[K]`` when mutants of a symmetric game ``[K, K]`` invade the one population.

    Rows of ``table`` are one's own strategy.  ``local`` selection compares mutant r and resident s by
    u(r, s) - u(s, r) (Omidshafiei et al. 2019), ``global`` by what each earns on average against everybody else in
    the population at the time (Traulsen, Nowak and Pacheco 2006), which has no infinite ``alpha``.
    Raises ValueError as `alpha_rank` does, and for another selection.
    """
    fixation = _fixation(alpha, population, epsilon)
    payoffs = unit(np.asarray(table, dtype=np.float64))
    if selection == "local":
        return stationary(fixation(payoffs.T - payoffs))
    if selection != "global":
        raise ValueError(f"selection is {selection!r}; 'local' or 'global' is expected")
    if math.isinf(alpha):
        raise ValueError("alpha is infinite; under global selection a finite one is expected")
    return stationary(global_log_fixation(payoffs, alpha, population))


def log_fixation(gain: Array, population: int) -> Array:
    """log of (1 - e^-gain) / (1 - e^(-population gain)), 1 / population at 0; for gains of any size."""
    size = np.where(gain == 0, 1.0, np.abs(gain))
    moved = np.log(-np.expm1(-size)) - np.log(-np.expm1(-population * size)) + np.minimum(0, (population - 1) * gain)
    return np.where(gain == 0, -math.log(population), moved)


def global_log_fixation(table: Array, alpha: float, population: int) -> Array:
    """log rho[s, r], rho = 1 / (1 + sum_l prod_{k <= l} e^(-alpha (f_r(k) - f_s(k)))) with k mutants r among s.

    f_r(k) and f_s(k) are average payoffs against the others: Traulsen, Nowak and Pacheco 2006, by Fermi's rule.
    """
    mutants = np.arange(1, population)
    own, met = np.diagonal(table)[None, :, None], table.T[:, :, None]  # u(r, r) and u(r, s), at [s, r]
    rogue = (mutants - 1) * own + (population - mutants) * met
    resident = (population - mutants - 1) * np.diagonal(table)[:, None, None] + mutants * table[:, :, None]
    exponents = -alpha * np.cumsum((rogue - resident) / (population - 1), axis=-1)
    largest = exponents.max(-1, initial=0.0)
    return -largest - np.log(np.exp(-largest) + np.exp(exponents - largest[..., None]).sum(-1))


def invasions(game: NormalForm, fixation: LogFixation) -> Array:
    """The chain over profiles: one player's population turns to another action at a time."""
    profiles = np.arange(math.prod(game.sizes)).reshape(game.sizes)
    chain = np.full((profiles.size, profiles.size), -np.inf)
    for i, size in enumerate(game.sizes):
        cells = np.moveaxis(profiles, i, 0).reshape(size, -1)
        own = game.own(i) - game.payoffs[i].min()
        chain[cells[:, None], cells[None]] = fixation((own[None] - own[:, None]) / game.span)
    return chain - math.log(max(1, sum(game.sizes) - game.n))


def imbalance(chain: Array, pi: Array) -> float:
    """max |pi C - pi|."""
    flows = pi[:, None] * np.exp(chain)
    np.fill_diagonal(flows, 0)
    return float(np.abs(flows.sum(0) - flows.sum(1)).max())


def _fixation(alpha: float, population: int, epsilon: float) -> LogFixation:
    if not alpha >= 0:
        raise ValueError(f"alpha is {alpha!r}; a number of at least 0 is expected")
    if not population >= 2:
        raise ValueError(f"population is {population!r}; a whole number of at least 2 is expected")
    if not 0 < epsilon <= 0.5:
        raise ValueError(f"epsilon is {epsilon!r}; a number above 0 and at most 1/2 is expected")
    if math.isinf(alpha):
        return lambda gain: np.log(0.5 + (0.5 - epsilon) * np.sign(gain))
    return lambda gain: log_fixation(alpha * gain, population)
