"""Fixation: the chance that one mutant's action takes over a population of another action."""

from __future__ import annotations

import numpy as np

from simulate.dynamics.finite.base import Process, matrix_of, size_of
from simulate.empirical.normal_form import Array, NormalForm


def log_fixation(process: Process, game: NormalForm, size: int) -> Array:
    """log rho ``[A, A]`` of one mutant (column) among ``size`` - 1 residents (row); 0 on the diagonal.

    rho = 1 / (1 + sum_{k=1}^{Z-1} prod_{j=1}^{k} T-(j) / T+(j)), T-(j) / T+(j) the chances that of j mutants one is
    lost and that one is won; sums and products as logarithms, so that no intensity overflows.  Nowak, Sasaki, Taylor
    and Fudenberg (2004), equation 1.  Raises ValueError unless the game is symmetric, for two, and ``size`` at least 2.

    >>> from simulate.dynamics.finite.fermi import Fermi
    >>> doves = NormalForm.of([[[-0.5, 2.0], [0.0, 0.0]], [[-0.5, 0.0], [2.0, 0.0]]])
    >>> round(float(np.exp(log_fixation(Fermi(), doves, 100))[1, 0]), 9)  # one hawk
    0.864115574
    """
    matrix, others = matrix_of(game), size_of(size) - 1
    count, own = np.arange(1, size), np.diagonal(matrix)  # [Z - 1] mutants, [A]
    mutant = (matrix.T[..., None] * (size - count) + own[None, :, None] * (count - 1)) / others  # [resident, mutant, k]
    resident = (matrix[..., None] * count + own[:, None, None] * (others - count)) / others
    products = np.cumsum(process.log_ratio(mutant, resident), -1)
    nothing = np.zeros((*matrix.shape, 1))  # log 1, the term before the sum
    return np.where(np.eye(len(matrix)), 0.0, -_log_sum(np.concatenate([nothing, products], -1)))


def _log_sum(values: Array) -> Array:
    top = values.max(-1, keepdims=True)
    total: Array = np.log(np.exp(values - top).sum(-1)) + top[..., 0]
    return total
