"""alpha-rank against closed forms, published numbers and OpenSpiel."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from open_spiel.python.egt import alpharank

from simulate.empirical.normal_form import Array, NormalForm
from simulate.empirical.regret import coarse_regrets
from simulate.equilibria.alpha_rank import (
    MOST,
    alpha_rank,
    global_log_fixation,
    imbalance,
    log_fixation,
    single_population,
)
from simulate.equilibria.base import Equilibrium
from simulate.equilibria.solvers import stationary as stationary_module
from simulate.equilibria.solvers.stationary import stationary
from tests.finite_games import affine, finite_games, reordered, shuffled
from tests.golden_games import ALPHA_RANK, known, random_game

ALPHAS = [0.0, 0.1, 3.0, 100.0, 1e3, 1e5, math.inf]


def only(game: NormalForm, alpha: float, population: int = 50) -> Equilibrium:
    answer = alpha_rank(game, alpha, population)
    assert answer.stopped is None
    (found,) = answer.equilibria
    return found


def spiel(tables: list[Array], alpha: float, population: int, local: bool = True) -> Array:
    options = {"use_inf_alpha": True, "inf_alpha_eps": 0.01} if math.isinf(alpha) else {"alpha": alpha}
    return alpharank.compute(tables, m=population, use_local_selection_model=local, **options)[2]


@pytest.mark.parametrize("sizes", [(5,), (2, 3), (4, 4), (2, 3, 2)], ids=str)
@pytest.mark.parametrize("alpha", [0.1, 1.0, 3.0, math.inf])
def test_openspiel_agrees(sizes: tuple[int, ...], alpha: float) -> None:
    for population, seed in [(2, 0), (50, 1)]:
        if len(sizes) == 1:
            table = random_game(seed, (5, 5))[0]
            own = alpha / np.ptp(table)
            ours = single_population(table, alpha, population)
            assert ours == pytest.approx(spiel([table], own, population), abs=1e-10)
            if alpha < math.inf:
                ours = single_population(table, alpha, population, "global")
                assert ours == pytest.approx(spiel([table], own, population, local=False), abs=1e-10)
        else:
            game = NormalForm.of(random_game(seed, sizes))
            ours = only(game, alpha, population).joint.ravel()
            assert ours == pytest.approx(spiel(list(game.payoffs), alpha / game.span, population), abs=1e-10)


@pytest.mark.parametrize("golden", known("alpha_rank"), ids=str)
def test_published_ranks(golden) -> None:
    table = np.asarray(golden.payoffs[0], dtype=float)
    alpha, population = ALPHA_RANK["alpha"] * np.ptp(table), ALPHA_RANK["m"]
    assert single_population(table, alpha, population, "global") == pytest.approx(golden.alpha_rank, abs=5e-8)


def test_ranks_that_two_libraries_agree_on() -> None:
    """OpenSpiel 2.0.2 and, by Fermi's rule at intensity 10, EGTtools 0.1.14."""
    table = np.random.default_rng(5).random((5, 5)).round(3)
    alpha = 10 * np.ptp(table)
    local, everybody = (single_population(table, alpha, 50, selection) for selection in ("local", "global"))
    assert local == pytest.approx([3e-6, 8e-6, 0.999954, 1.1e-5, 2.4e-5], abs=5e-7)
    assert everybody == pytest.approx([0.412332, 0.111349, 0.131273, 0.210403, 0.134642], abs=5e-7)


def test_one_hawk_among_doves() -> None:
    """EGTtools, tests/test_analytical.py: population 100, intensity 1."""
    log_rho = global_log_fixation(np.array([[-0.5, 2], [0, 0]]), 1.0, 100)
    assert math.exp(log_rho[1, 0]) == pytest.approx(0.8641155742462664, abs=1e-12)


@pytest.mark.parametrize("population", [2, 10, 50])
def test_fixation_is_its_series(population: int) -> None:
    """rho = 1 / (1 + sum_l e^(-l x)): Omidshafiei et al. 2019 before the series is summed."""
    gain = np.array([-3.0, -0.1, -1e-9, 0.0, 1e-300, 1e-9, 0.1, 3.0, 700.0])
    series = 1 / (1 + sum(np.exp(-step * gain) for step in range(1, population)))
    assert np.exp(log_fixation(gain, population)) == pytest.approx(series, rel=1e-9)
    assert log_fixation(np.array([-1e6]), population) == pytest.approx(-1e6 * (population - 1))


@given(finite_games([(4,), (3, 3), (2, 4), (2, 3, 2)]), st.sampled_from(ALPHAS[:-1]), st.sampled_from([2, 50]))
@settings(max_examples=40)
def test_common_interests(game: NormalForm, alpha: float, population: int) -> None:
    """rho(x) = rho(-x) e^((m - 1) x): where all are paid alike pi ~ e^((m - 1) alpha u), however large alpha is."""
    shared = NormalForm.of(np.stack([game.payoffs[0]] * game.n))
    logs = (population - 1) * alpha * (shared.payoffs[0] - shared.payoffs[0].max()) / shared.span
    expected = np.exp(logs) / np.exp(logs).sum()
    assert only(shared, alpha, population).joint == pytest.approx(expected, rel=1e-6, abs=1e-300)


@given(finite_games(), st.sampled_from(ALPHAS), st.integers(0, 99))
def test_a_rank_is_stationary_and_has_no_order(game: NormalForm, alpha: float, seed: int) -> None:
    found = only(game, alpha)
    assert found.joint.min() >= 0
    assert found.joint.sum() == pytest.approx(1, abs=1e-12)
    assert found.residual < 1e-9  # logarithms of rates reach 5e6 at the largest alpha
    assert np.array_equal(found.regrets, coarse_regrets(game, found.joint))
    other, players, orders = reordered(game, seed)
    assert only(other, alpha).joint == pytest.approx(shuffled(found.joint, players, orders), abs=1e-6)


@pytest.mark.parametrize("scale", [1e-6, 1e6])
@pytest.mark.parametrize("alpha", ALPHAS)
def test_scale_does_not_matter(scale: float, alpha: float) -> None:
    game = NormalForm.of(random_game(2, (3, 4, 2)))
    assert only(affine(game, scale), alpha).joint == pytest.approx(only(game, alpha).joint, rel=1e-6, abs=1e-12)
    table = random_game(2, (4, 4))[0]
    assert single_population(scale * table, alpha) == pytest.approx(
        single_population(table, alpha), rel=1e-6, abs=1e-12
    )


@pytest.mark.parametrize("alpha", ALPHAS)
def test_symmetry(alpha: float) -> None:
    """Where OpenSpiel overflows: alpha 1000 on rock, paper, scissors."""
    rps = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]])
    assert single_population(rps, alpha) == pytest.approx([1 / 3] * 3)
    marginal = only(NormalForm.of([rps, -rps]), alpha).joint.sum(0)
    assert marginal == pytest.approx([1 / 3] * 3)
    if alpha < math.inf:
        assert single_population(rps, alpha, selection="global") == pytest.approx([1 / 3] * 3)


def test_all_payoffs_equal() -> None:
    for alpha in ALPHAS:
        assert only(NormalForm.of(np.full((2, 3, 2), 0.1)), alpha).joint == pytest.approx(np.full((3, 2), 1 / 6))


def test_strong_selection_finds_the_dominant_profile() -> None:
    dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    for alpha in (100.0, 1e4, 1e12):
        found = only(dilemma, alpha)
        assert found.joint[1, 1] == pytest.approx(1)
        assert found.regrets == pytest.approx([0, 0], abs=1e-9)
        assert found.welfare_loss == pytest.approx(6)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread", [1.0, 30.0, 400.0, 5000.0])
def test_chains_that_fall_apart(seed: int, spread: float) -> None:
    """A birth and death chain is reversible: log pi adds up log rate differences, at any spread of rates."""
    rng, count = np.random.default_rng(seed), 12
    chain, up, down = np.full((count, count), -np.inf), *(-spread * rng.random((2, count - 1)))
    chain[np.arange(count - 1), np.arange(1, count)] = up
    chain[np.arange(1, count), np.arange(count - 1)] = down
    logs = np.concatenate([[0], np.cumsum(up - down)])
    expected = np.exp(logs - logs.max()) / np.exp(logs - logs.max()).sum()
    order = rng.permutation(count)
    assert stationary(chain[np.ix_(order, order)]) == pytest.approx(expected[order], rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("alpha", [1.0, 30.0, 1000.0])
def test_logarithms_and_numbers_agree(alpha: float, monkeypatch: pytest.MonkeyPatch) -> None:
    game = NormalForm.of(random_game(1, (4, 5)))
    expected = only(game, alpha).joint
    monkeypatch.setattr(stationary_module, "SMALL", math.inf)
    assert only(game, alpha).joint == pytest.approx(expected, rel=1e-9)


def test_imbalance_sees_a_wrong_answer() -> None:
    chain = np.log([[1.0, 0.2], [0.1, 1.0]])
    assert stationary(chain) == pytest.approx([1 / 3, 2 / 3])
    assert imbalance(chain, np.array([0.5, 0.5])) == pytest.approx(0.05)


def test_a_cap_is_reported() -> None:
    answer = alpha_rank(NormalForm.of(np.zeros((2, 33, 33))))
    assert answer.equilibria == ()
    assert answer.stopped == f"the game has 1089 profiles; alpha-rank takes at most {MOST}"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1.0}, "alpha is -1.0"),
        ({"alpha": math.nan}, "alpha is nan"),
        ({"population": 1}, "population is 1"),
        ({"epsilon": 0.0}, "epsilon is 0.0"),
        ({"epsilon": 0.6}, "epsilon is 0.6"),
    ],
    ids=["negative", "nan", "alone", "never", "more than even"],
)
def test_bad_options(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        alpha_rank(NormalForm.of(random_game(0, (2, 2))), **options)
    with pytest.raises(ValueError, match=message):
        single_population(np.eye(2), **options)


def test_bad_selections() -> None:
    with pytest.raises(ValueError, match="'local' or 'global' is expected"):
        single_population(np.eye(2), selection="neutral")
    with pytest.raises(ValueError, match="under global selection"):
        single_population(np.eye(2), math.inf, selection="global")
