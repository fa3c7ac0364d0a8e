"""Finite populations played out: birth, death and mutation, all replicates at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulate.dynamics.finite.base import Process, matrix_of, mean_payoffs, size_of
from simulate.empirical.normal_form import Array, NormalForm

Counts = NDArray[np.int64]

MOST_STEPS = 1_000_000  # minutes; neutral drift among 100 takes some 10,000 steps to fixate


@dataclass(frozen=True)
class Played:
    """What became of B populations."""

    counts: Counts  # [B, A], individuals playing each action at the end
    time_average: Array  # [B, A], mean share of each action over all steps
    steps: int  # how many were made
    stopped: str | None = None  # one sentence, if fixation was waited for in vain


def played(
    process: Process, game: NormalForm, counts: Counts, steps: int, mutation: float, seed: int | np.random.Generator = 0
) -> Played:
    """Play ``steps`` steps from ``counts [B, A]`` (or ``[A]``), one individual changing a step.

    Without mutation it ends as soon as every population is of one action.  Raises ValueError for counts that are not
    whole or make populations of different sizes, for fewer than one step, and for a mutation outside [0, 1].

    >>> from simulate.dynamics.finite.fermi import Fermi
    >>> coordination = NormalForm.of([[[1, 0], [0, 1]], [[1, 0], [0, 1]]])
    >>> played(Fermi(10.0), coordination, np.array([9, 1]), 1000, mutation=0).counts
    array([[10,  0]])
    """
    matrix, now = matrix_of(game), _whole(counts, game)
    if steps < 1:
        raise ValueError(f"steps is {steps!r}; at least 1 is expected")
    if not 0 <= mutation <= 1:
        raise ValueError(f"mutation is {mutation!r}; a probability is expected")
    rng, rows = np.random.default_rng(seed), np.arange(len(now))
    total, made = np.zeros(now.shape), 0
    while made < steps and (mutation > 0 or not _fixed(now).all()):
        loses, gains = process.step(now, mean_payoffs(matrix, now), mutation, rng)
        now[rows, loses] -= 1
        now[rows, gains] += 1
        total += now
        made += 1
    return Played(now, (total if made else now) / (max(made, 1) * now[0].sum()), made)


def fixated(
    process: Process, game: NormalForm, size: int, replicates: int, seed: int | np.random.Generator = 0
) -> Played:
    """One mutant of the game's first action among ``size`` - 1 of its second, played until all are alike.

    The share of replicates whose ``counts[:, 0]`` is ``size`` estimates `fixation`; `Played.stopped` says if
    `MOST_STEPS` were not enough.
    """
    start = np.zeros((replicates, game.sizes[0]), dtype=np.int64)
    start[:, :2] = 1, size_of(size) - 1
    found = played(process, game, start, MOST_STEPS, 0.0, seed)
    left = replicates - int(_fixed(found.counts).sum())
    stopped = f"{left} of {replicates} populations are still mixed after {found.steps} steps" if left else None
    return Played(found.counts, found.time_average, found.steps, stopped)


def _fixed(counts: Counts) -> NDArray[np.bool_]:
    alike: NDArray[np.bool_] = (counts > 0).sum(-1) == 1
    return alike


def _whole(counts: Counts, game: NormalForm) -> Counts:
    rows = np.atleast_2d(np.asarray(counts))
    if rows.shape[-1] != game.sizes[0] or not ((rows >= 0) & (rows == np.floor(rows))).all():
        raise ValueError(f"counts have shape {rows.shape}; whole numbers [B, {game.sizes[0]}] are expected")
    if len(set(rows.sum(-1).tolist())) != 1:
        raise ValueError("counts make populations of different sizes; one size is expected")
    size_of(int(rows[0].sum()))
    return rows.astype(np.int64)
