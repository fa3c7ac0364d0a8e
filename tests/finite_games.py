"""Random finite games for Hypothesis, and the same game with its players or actions in another order."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from simulate.empirical.normal_form import Array, NormalForm

SIZES = [(3,), (1, 1), (2, 2), (3, 4), (5, 2), (2, 2, 2), (3, 1, 2), (2, 3, 2), (2, 2, 2, 2)]


@st.composite
def finite_games(draw: st.DrawFn, sizes: list[tuple[int, ...]] = SIZES) -> NormalForm:
    """Ties everywhere or nowhere, identical actions, payoffs around any level, all players on one scale."""
    shape, seed = draw(st.sampled_from(sizes)), draw(st.integers(0, 2**32 - 1))
    rng, levels = np.random.default_rng(seed), draw(st.sampled_from([1, 2, 3, None]))
    table = rng.random((len(shape), *shape)) if levels is None else rng.integers(0, levels, (len(shape), *shape))
    return NormalForm.of(table + draw(st.sampled_from([0.0, -1.0, 3.0])))


def affine(game: NormalForm, scale: float | Array, level: float = 0.0) -> NormalForm:
    """Payoffs times ``scale``, one number or one a player, plus ``level``."""
    factors = np.broadcast_to(scale, game.n).reshape((-1,) + (1,) * game.n)
    return NormalForm.of(game.payoffs * factors + level)


def reordered(game: NormalForm, seed: int) -> tuple[NormalForm, tuple[int, ...], list[Array]]:
    """The game with players and actions shuffled; new player i is old ``players[i]``, with actions ``orders[i]``."""
    rng = np.random.default_rng(seed)
    players = tuple(int(i) for i in rng.permutation(game.n))
    orders = [rng.permutation(game.sizes[i]) for i in players]
    return NormalForm.of(np.stack([shuffled(game.payoffs[i], players, orders) for i in players])), players, orders


def shuffled(table: Array, players: tuple[int, ...], orders: list[Array]) -> Array:
    """An array over profiles in the new order."""
    return np.transpose(table, players)[np.ix_(*orders)]
