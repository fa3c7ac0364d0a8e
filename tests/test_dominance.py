"""Iterated strict dominance: what is dropped is proved worse, what stays is a best answer to something."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from simulate.empirical.normal_form import Array, NormalForm
from simulate.equilibria.correlated import correlated
from simulate.equilibria.undominated import eliminations, survivors, undominated
from tests.finite_games import affine, finite_games, reordered
from tests.golden_games import GOLDEN, GoldenGame, known, random_game

SIZES = [(3,), (1, 1), (2, 2), (3, 4), (5, 2), (4, 4), (2, 2, 2), (3, 1, 2), (3, 3, 2)]
GAMES = finite_games(SIZES)


def restricted(game: NormalForm, left: list[list[int]], player: int) -> Array:
    """The player's payoffs, every action of its own against what the others have left: ``[A_i, others]``."""
    kept = [list(range(game.sizes[player])) if j == player else own for j, own in enumerate(left)]
    return np.moveaxis(game.payoffs[player][np.ix_(*kept)], player, 0).reshape(game.sizes[player], -1)


def is_justified(table: Array, action: int, left: list[int]) -> bool:
    """Is there a belief about the others under which nothing left is better?  The dual of dominance (Pearce 1984)."""
    others = [b for b in left if b != action]
    if not others:
        return True
    gains = table[others] - table[action]
    found = linprog(
        np.append(np.zeros(table.shape[1]), 1.0),
        A_ub=np.column_stack([gains, -np.ones(len(others))]),
        b_ub=np.zeros(len(others)),
        A_eq=[[1.0] * table.shape[1] + [0.0]],
        b_eq=[1.0],
        bounds=[(0, None)] * table.shape[1] + [(None, None)],
        method="highs-ipm",
    )
    return bool(found.fun <= 1e-7)


@given(GAMES)
def test_what_is_dropped_is_beaten(game: NormalForm) -> None:
    left = [list(range(size)) for size in game.sizes]
    found = eliminations(game)
    for number in sorted({one.round for one in found}):
        now = [one for one in found if one.round == number]
        for one in now:
            table = restricted(game, left, one.player)
            assert one.by.min() >= 0
            assert one.by.sum() == pytest.approx(1)
            assert set(np.flatnonzero(one.by)) <= set(left[one.player])
            assert one.margin > 0
            assert (one.by @ table - table[one.action]).min() == pytest.approx(one.margin, abs=1e-12)
        for one in now:
            left[one.player].remove(one.action)
    assert tuple(map(tuple, left)) == survivors(game)
    assert all(left)


@given(GAMES)
@settings(max_examples=30)
def test_what_stays_is_a_best_answer(game: NormalForm) -> None:
    left = [list(own) for own in survivors(game)]
    for i, own in enumerate(left):
        table = restricted(game, left, i)
        assert all(is_justified(table, action, own) for action in own)


@pytest.mark.parametrize("golden", known("nash"), ids=str)
def test_no_equilibrium_plays_what_is_dropped(golden: GoldenGame) -> None:
    left = survivors(golden.game)
    for profile in golden.nash:
        for mixture, own in zip(profile, left, strict=True):
            assert set(np.flatnonzero(mixture)) <= set(own)


@given(finite_games([(3, 3), (2, 4), (2, 2, 2)]))
@settings(max_examples=25)
def test_no_device_recommends_what_is_dropped(game: NormalForm) -> None:
    for i, own in enumerate(survivors(game)):
        dropped = [a for a in range(game.sizes[i]) if a not in own]
        wanted = np.zeros(game.sizes)
        np.moveaxis(wanted, i, 0)[dropped] = 1
        (found,) = correlated(game, wanted).equilibria
        assert (found.joint * wanted).sum() < 1e-7


@given(GAMES, st.integers(0, 99))
def test_order_and_scale_do_not_matter(game: NormalForm, seed: int) -> None:
    left = survivors(game)
    other, players, orders = reordered(game, seed)
    back = [tuple(sorted(int(order[a]) for a in own)) for own, order in zip(survivors(other), orders, strict=True)]
    assert back == [left[i] for i in players]
    scales = 10.0 ** np.random.default_rng(seed).integers(-6, 7, game.n)
    assert survivors(affine(game, scales)) == left


def test_solvable_games() -> None:
    solved = [golden for golden in GOLDEN if undominated(golden.game).equilibria]
    assert {golden.name for golden in solved} >= {"dilemma", "saddle", "transitive", "dominant", "leader-mixes"}
    for golden in solved:
        answer = undominated(golden.game)
        assert answer.complete
        assert answer.stopped is None
        (found,) = answer.equilibria
        assert found.regrets.max() == 0
        for profile in golden.nash:
            assert all(np.array_equal(a, b) for a, b in zip(profile, found.profile, strict=True))


def test_a_mixture_may_be_needed() -> None:
    """Fudenberg and Tirole 1991, figure 1.2: neither row beats the third, their even mixture does."""
    table = np.array([[2, -1], [-1, 2], [0, 0]])
    game = NormalForm.of([table, np.zeros((3, 2))])
    (found,) = eliminations(game)
    assert (found.round, found.player, found.action) == (1, 0, 2)
    assert found.by == pytest.approx([0.5, 0.5, 0])
    assert found.margin == pytest.approx(0.5)
    answer = undominated(game)
    assert answer.equilibria == ()
    assert answer.stopped == "strict dominance leaves 2 of 3 actions of player-1, 2 of 2 actions of player-2"


def test_the_guessing_game_takes_many_rounds() -> None:
    """Two guess from 0 to 20 and pay the distance to 3/5 of the mean: from the top, guess after guess is dropped."""
    guesses = np.arange(21)
    mean = np.add.outer(guesses, guesses) / 2
    own = -np.abs(guesses[:, None] - 3 / 5 * mean)
    game = NormalForm.of([own, own.T])
    (found,) = undominated(game).equilibria
    assert [int(mixture.argmax()) for mixture in found.profile] == [0, 0]
    assert max(one.round for one in eliminations(game)) > 3


@pytest.mark.parametrize(("gap", "left"), [(0.0, 2), (1e-12, 2), (1e-6, 1)], ids=["tie", "rounding", "strict"])
def test_ties_stay(gap: float, left: int) -> None:
    game = NormalForm.of([[[0.0, 1.0], [gap, 1.0 + gap]], np.zeros((2, 2))])
    assert len(survivors(game)[0]) == left


def test_random_games_are_decided_quickly() -> None:
    assert [len(own) for own in survivors(NormalForm.of(random_game(1, (10, 10))))] == [9, 10]
