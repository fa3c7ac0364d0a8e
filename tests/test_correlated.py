"""Correlated and coarse correlated equilibria, and what equilibrium costs society."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product as combinations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulate.empirical.normal_form import Array, NormalForm, product, pure, uniform
from simulate.empirical.regret import coarse_regrets, regrets, swap_regrets
from simulate.equilibria.base import Equilibrium, mixed
from simulate.equilibria.coarse_correlated import coarse_correlated
from simulate.equilibria.correlated import correlated
from simulate.equilibria.prices import prices
from simulate.equilibria.solvers.incentive_rows import best_device, swap_rows
from tests.finite_games import affine, finite_games, reordered, shuffled
from tests.golden_games import GoldenGame, known, random_game

CONCEPTS = pytest.mark.parametrize("concept", [correlated, coarse_correlated])
EXACT = 1e-9  # of regrets and of optimal values, payoffs of order one


def only(concept: Callable, game: NormalForm, objective: Array | None = None) -> Equilibrium:
    answer = concept(game, objective)
    assert answer.stopped is None
    (found,) = answer.equilibria
    return found


def value(found: Equilibrium, objective: Array) -> float:
    return float((found.joint * objective).sum())


def wish(game: NormalForm, seed: int) -> Array:
    """An objective that has one maximum."""
    return np.random.default_rng(seed).normal(size=game.sizes)


def gain(game: NormalForm, joint: Array, player: int, instead: int, recommended: int | None = None) -> float:
    """What one deviation brings, profile by profile."""
    total = 0.0
    for cell in np.ndindex(*game.sizes):
        if recommended in (None, cell[player]):
            other = (*cell[:player], instead, *cell[player + 1 :])
            total += joint[cell] * (game.payoffs[(player, *other)] - game.payoffs[(player, *cell)])
    return total


def by_cvxpy(game: NormalForm, objective: Array, coarse: bool) -> float:
    """The same optimum from constraints written one by one, by another solver."""
    cells = list(np.ndindex(*game.sizes))
    flat = cp.Variable(len(cells), nonneg=True)
    constraints = [cp.sum(flat) == 1]
    for i, size in enumerate(game.sizes):
        for a, b in combinations([None] if coarse else range(size), range(size)):
            row = np.zeros(len(cells))
            for k, cell in enumerate(cells):
                if a in (None, cell[i]):
                    other = (*cell[:i], b, *cell[i + 1 :])
                    row[k] = game.payoffs[(i, *other)] - game.payoffs[(i, *cell)]
            constraints.append(row @ flat <= 0)
    return float(cp.Problem(cp.Maximize(objective.ravel() @ flat), constraints).solve(solver="CLARABEL"))


@given(finite_games(), st.integers(0, 99))
def test_nobody_gains_by_any_deviation(game: NormalForm, seed: int) -> None:
    found, loose = (only(concept, game, wish(game, seed)) for concept in (correlated, coarse_correlated))
    for joint in (found.joint, loose.joint):
        assert joint.min() >= 0
        assert joint.sum() == pytest.approx(1, abs=1e-12)
    for i, size in enumerate(game.sizes):
        swaps = [[gain(game, found.joint, i, b, a) for b in range(size)] for a in range(size)]
        assert np.max(swaps) <= EXACT
        assert found.regrets[i] == pytest.approx(np.max(swaps, 1).sum(), abs=1e-12)
        commitments = [gain(game, loose.joint, i, b) for b in range(size)]
        assert max(commitments) <= EXACT
        assert loose.regrets[i] == pytest.approx(max(commitments), abs=1e-12)
    assert found.residual == max(0, *found.regrets)
    assert loose.residual == max(0, *loose.regrets)


@settings(max_examples=20)
@given(finite_games([(3,), (2, 2), (3, 3), (2, 4), (2, 2, 2), (2, 3, 2)]), st.integers(0, 99))
def test_another_solver_finds_the_same_optimum(game: NormalForm, seed: int) -> None:
    wanted = wish(game, seed)
    assert value(only(correlated, game, wanted), wanted) == pytest.approx(by_cvxpy(game, wanted, False), abs=1e-6)
    assert value(only(coarse_correlated, game, wanted), wanted) == pytest.approx(by_cvxpy(game, wanted, True), abs=1e-6)


@given(finite_games(), st.integers(0, 99))
def test_each_set_holds_the_narrower_one(game: NormalForm, seed: int) -> None:
    wanted = wish(game, seed)
    pures = [cell for cell in np.ndindex(*game.sizes) if regrets(game, pure(game, cell)).max() == 0]
    best = value(only(correlated, game, wanted), wanted)
    assert value(only(coarse_correlated, game, wanted), wanted) >= best - EXACT
    assert all(best >= wanted[cell] - EXACT for cell in pures)
    worst = value(only(correlated, game, -wanted), wanted)
    assert worst <= best + EXACT
    assert value(only(coarse_correlated, game, -wanted), wanted) <= worst + EXACT


@pytest.mark.parametrize("golden", known("nash"), ids=str)
def test_nash_equilibria_are_correlated(golden: GoldenGame) -> None:
    game = golden.game
    best = value(only(correlated, game), game.welfare)
    for profile in golden.nash:
        joint = product(tuple(np.array(mixture, dtype=float) for mixture in profile))
        assert swap_regrets(game, joint).max() <= 1e-12 * game.span
        assert coarse_regrets(game, joint).max() <= 1e-12 * game.span
        assert best >= (game.welfare * joint).sum() - EXACT * game.span


@pytest.mark.parametrize("golden", known("correlated"), ids=str)
def test_devices_of_the_literature(golden: GoldenGame) -> None:
    for joint, payoffs in golden.correlated:
        assert swap_regrets(golden.game, np.asarray(joint)).max() <= 1e-15
        assert (golden.game.payoffs * joint).reshape(golden.game.n, -1).sum(1) == pytest.approx(payoffs)


@pytest.mark.parametrize("golden", known("best_correlated"), ids=str)
def test_best_devices_of_the_literature(golden: GoldenGame) -> None:
    game = golden.game
    assert value(only(correlated, game), game.welfare) == pytest.approx(golden.best_correlated, abs=5e-5)
    if golden.best_coarse is not None:
        assert value(only(coarse_correlated, game), game.welfare) == pytest.approx(golden.best_coarse, abs=5e-5)
    if golden.worst_coarse is not None:
        worst = only(coarse_correlated, game, -game.welfare)
        assert value(worst, game.welfare) == pytest.approx(golden.worst_coarse, abs=EXACT)


def test_chicken() -> None:
    """Aumann 1974: the device (1/2, 1/4, 1/4) beats every Nash equilibrium's sum of payoffs, 9 1/3 and 9."""
    chicken = NormalForm.of([[[6, 2], [7, 0]], [[6, 7], [2, 0]]])
    found = only(correlated, chicken)
    assert found.joint == pytest.approx(np.array([[1 / 2, 1 / 4], [1 / 4, 0]]), abs=1e-9)
    assert found.utilities == pytest.approx([5.25, 5.25])
    assert found.welfare_loss == pytest.approx(1.5)


def test_a_device_may_beat_every_commitment() -> None:
    """Coarse regrets are shown as measured: below 0 where a player would lose by any commitment."""
    found = only(coarse_correlated, NormalForm.of(random_game(1, (5, 5, 5))))
    assert found.regrets.min() < -0.04
    assert 0 <= found.residual <= 1e-15


@CONCEPTS
@given(finite_games([(3, 2), (2, 2, 2), (3, 3)]), st.integers(0, 99))
@settings(max_examples=25)
def test_order_does_not_matter(concept: Callable, game: NormalForm, seed: int) -> None:
    wanted = wish(game, seed)
    other, players, orders = reordered(game, seed)
    expected = shuffled(only(concept, game, wanted).joint, players, orders)
    assert only(concept, other, shuffled(wanted, players, orders)).joint == pytest.approx(expected, abs=1e-7)


@CONCEPTS
@pytest.mark.parametrize("scale", [1e-9, 1e9, (1e-9, 1.0, 1e6)], ids=["small", "large", "unequal"])
def test_scale_does_not_matter(concept: Callable, scale: float | tuple[float, ...]) -> None:
    for seed in range(3):
        game, factors = NormalForm.of(random_game(seed, (3, 4, 3))), np.array(scale)
        wanted = wish(game, seed)
        found = only(concept, affine(game, factors), 1e-6 * wanted)
        assert found.joint == pytest.approx(only(concept, game, wanted).joint, abs=1e-7)
        assert (found.regrets <= EXACT * factors).all()


@CONCEPTS
def test_all_payoffs_equal(concept: Callable) -> None:
    game = NormalForm.of(np.full((2, 3, 2), 0.1))
    wanted = np.arange(6.0).reshape(3, 2)
    assert only(concept, game, wanted).joint[2, 1] == 1
    assert only(concept, game).welfare_loss == pytest.approx(0)


@CONCEPTS
def test_a_time_limit_is_reported(concept: Callable) -> None:
    answer = concept(NormalForm.of(random_game(0, (30, 30))), seconds=1e-6)
    assert answer.equilibria == ()
    assert answer.stopped == "the linear programme had no optimum after 1e-06 s"


def test_what_leaves_regret_is_refused() -> None:
    """Rows that forget the incentives let the dilemma's players cooperate; the regrets tell."""
    dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    answer = best_device(dilemma, 0 * swap_rows(dilemma), swap_regrets, None, 60)
    assert answer.equilibria == ()
    assert answer.stopped == "the optimum found leaves a regret of 2, more than rounding explains"


@CONCEPTS
def test_bad_options(concept: Callable) -> None:
    game = NormalForm.of(random_game(0, (2, 3)))
    with pytest.raises(ValueError, match=r"objective has the shape \(3, 2\)"):
        concept(game, np.zeros((3, 2)))
    for seconds in (0, -1, float("nan")):
        with pytest.raises(ValueError, match="seconds is"):
            concept(game, seconds=seconds)


@given(finite_games(), st.integers(0, 99))
def test_prices_are_ordered(game: NormalForm, seed: int) -> None:
    positive = affine(game, 1.0, 2.0)
    rng = np.random.default_rng(seed)
    played = [mixed(positive, tuple(rng.dirichlet(np.ones(size)) for size in positive.sizes)) for _ in range(3)]
    anarchy, stability = prices(positive, played)
    assert anarchy is not None
    assert stability is not None
    assert 1 - 1e-12 <= stability <= anarchy
    worst = max(found.welfare_loss for found in played)
    assert positive.optimum / anarchy == pytest.approx(positive.optimum - worst)


def test_prices_of_known_games() -> None:
    hunt = NormalForm.of([[[10, 1], [8, 5]], [[10, 8], [1, 5]]])
    both = [mixed(hunt, pure(hunt, cell)) for cell in ([0, 0], [1, 1])]
    assert prices(hunt, both) == (2.0, 1.0)
    assert prices(hunt, both[1:]) == (2.0, 2.0)
    shapley = NormalForm.of([[[0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]])
    assert prices(shapley, [mixed(shapley, uniform(shapley))]) == pytest.approx((1.5, 1.5))
    best, worst = (only(coarse_correlated, shapley, sign * shapley.welfare) for sign in (1, -1))
    assert prices(shapley, [worst, best]) == pytest.approx((1.5, 1.0))


def test_prices_that_say_nothing() -> None:
    dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    assert prices(dilemma, [mixed(dilemma, pure(dilemma, [1, 1]))]) == (None, None)
    shifted = affine(dilemma, 1.0, 5.0)  # the equilibrium is worth 0, the optimum 6
    cooperating, defecting = (mixed(shifted, pure(shifted, cell)) for cell in ([0, 0], [1, 1]))
    assert prices(shifted, [defecting]) == (None, None)
    assert prices(shifted, [cooperating, defecting]) == (None, 1.0)
    assert prices(shifted, []) == (None, None)
    rounding = NormalForm.of([[1.0, 0.1 + 0.2 - 0.3]])
    assert prices(rounding, [mixed(rounding, pure(rounding, [1]))]) == (None, None)
