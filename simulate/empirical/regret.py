"""How far play is from equilibrium: what each player could still gain, recomputed from the payoffs alone."""

from __future__ import annotations

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm, Profile, action_values


def regrets(game: NormalForm, profile: Profile) -> Array:
    """max_a u_i(a, x_{-i}) - u_i(x) of each player ``[n]``; all zero exactly at a Nash equilibrium.

    Measured against the value of the player's own mixture over the same action values, so that rounding cannot make
    it negative.

    >>> from simulate.empirical.normal_form import uniform
    >>> rps = NormalForm.of([[[0, -1, 1], [1, 0, -1], [-1, 1, 0]], [[0, 1, -1], [-1, 0, 1], [1, -1, 0]]])
    >>> bool(regrets(rps, uniform(rps)).max() < 1e-15)
    True
    """
    values = [action_values(game, i, profile) for i in range(game.n)]
    return np.array([max(0.0, float(value.max() - value @ x)) for value, x in zip(values, profile, strict=True)])


def nash_conv(game: NormalForm, profile: Profile) -> float:
    """The sum of regrets, also called exploitability."""
    return float(regrets(game, profile).sum())


def swap_regrets(game: NormalForm, joint: Array) -> Array:
    """sum over recommendations a of max_b E[(u_i(b, .) - u_i(a, .)) 1{a recommended}] ``[n]``.

    All zero exactly at a correlated equilibrium (Aumann 1974); in this sum form it bounds the largest single term.
    """
    found = []
    for i in range(game.n):
        cells = np.moveaxis(joint, i, 0).reshape(game.sizes[i], -1)
        worth = cells @ game.own(i).T  # [recommended, played instead]
        found.append((worth.max(1) - np.diagonal(worth)).clip(min=0).sum())
    return np.array(found)


def coarse_regrets(game: NormalForm, joint: Array) -> Array:
    """max_b E[u_i(b, .)] - E[u_i] of each player ``[n]``; at most 0 exactly at a coarse correlated equilibrium.

    It can be negative: mediated play may be better than anything one could commit to (Moulin and Vial 1978).
    """
    found = []
    for i in range(game.n):
        cells = np.moveaxis(joint, i, 0).reshape(game.sizes[i], -1)
        found.append((game.own(i) @ cells.sum(0)).max() - (cells * game.own(i)).sum())
    return np.array(found)
