"""Finite populations: fixation, rare mutations, and the processes played out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulate.dynamics.finite import PROCESSES
from simulate.dynamics.finite.base import mean_payoffs, picked
from simulate.dynamics.finite.fermi import Fermi
from simulate.dynamics.finite.fixation import log_fixation
from simulate.dynamics.finite.moran import Moran
from simulate.dynamics.finite.simulation import fixated, played
from simulate.dynamics.finite.small_mutation import log_rates, log_stationary, stationary
from simulate.empirical.normal_form import NormalForm

BOTH = sorted(PROCESSES)
HAWKS = np.array([[-0.5, 2.0], [0.0, 0.0]])
FIVE = np.random.default_rng(5).random((5, 5)).round(3)


def alone(matrix) -> NormalForm:
    """The symmetric game of a matrix."""
    matrix = np.asarray(matrix, dtype=float)
    return NormalForm.of([matrix, matrix.T])


@pytest.mark.parametrize("name", BOTH)
def test_golden_fixation(name) -> None:
    """EGTtools, tests/test_analytical.py."""
    rho = np.exp(log_fixation(PROCESSES[name](1.0), alone(HAWKS), 100))
    assert rho[1, 0] == pytest.approx(0.8641155742462664, rel=1e-13)


@pytest.mark.parametrize("fitness", [0.5, 1.1, 3.0])
def test_constant_fitness_has_moran_s_closed_form(fitness) -> None:
    """rho = (1 - 1 / r) / (1 - 1 / r^Z), Moran (1958)."""
    advantage = np.log(fitness) * np.array([[1, 1], [0, 0]])
    rho = np.exp(log_fixation(Moran(1.0), alone(advantage), 20))
    assert rho[1, 0] == pytest.approx((1 - 1 / fitness) / (1 - fitness**-20.0), rel=1e-12)


def test_without_selection_everybody_has_the_same_chance() -> None:
    rho = np.exp(log_fixation(Fermi(0.0), alone(FIVE), 7))
    assert_allclose(rho, np.where(np.eye(5), 1, 1 / 7), rtol=1e-14)


@given(st.integers(0, 10**6), st.integers(2, 30), st.floats(0, 20))
@settings(max_examples=25, deadline=None)
def test_fixation_against_open_spiel(seed, size, intensity) -> None:
    from open_spiel.python.egt import alpharank

    matrix = np.random.default_rng(seed).random((3, 3))
    rho = np.exp(log_fixation(Fermi(intensity), alone(matrix), size))
    for resident, mutant in ((0, 1), (2, 0)):
        theirs = alpharank._get_rho_sr(matrix, False, size, mutant, resident, intensity, False, False)
        assert_allclose(rho[resident, mutant], theirs, rtol=1e-9)


def test_no_intensity_overflows() -> None:
    """With a constant difference d a step, rho of the worse action is exp(-d (Z - 1)) but for a factor near 1."""
    logs = log_fixation(Fermi(1e3), alone(1e3 * np.array([[1.0, 1.0], [0.0, 0.0]])), 50)
    assert_allclose(logs, [[0, -49e6], [0, 0]], rtol=1e-12, atol=1e-12)
    chain = log_stationary(log_rates(Fermi(1e3), alone(1e3 * np.array([[1.0, 1.0], [0.0, 0.0]])), 50))
    assert_allclose(chain, [0, -49e6], rtol=1e-12, atol=1e-12)


def test_golden_stationary_distributions() -> None:
    """OpenSpiel's alpha-rank with global selection and EGTtools agree on both to the digits shown."""
    found = stationary(Fermi(10.0), alone(FIVE), 50)
    assert_allclose(found, [0.412332, 0.111349, 0.131273, 0.210403, 0.134642], atol=5e-7)
    r, t, p, s, delta, eps = 1, 2, 0, -1, 4, 0.25  # Han, Pereira, Santos and Lenaerts (2013), commitments
    matrix = [
        [r - eps / 2, r - eps, 0, s + delta - eps, r - eps],
        [r, r, s, s, s],
        [0, t, p, p, p],
        [t - delta, t, p, p, p],
        [r, t, p, p, p],
    ]
    found = stationary(Fermi(0.1), alone(matrix), 20)
    assert_allclose(found, [0.40966787, 0.07959841, 0.20506998, 0.08505983, 0.22060390], atol=5e-9)


@given(st.integers(0, 10**6), st.integers(1, 6))
@settings(max_examples=25, deadline=None)
def test_stationary_against_linear_algebra(seed, states) -> None:
    rates = np.random.default_rng(seed).random((states, states)) / states
    chain = rates - np.diag(np.diagonal(rates))
    chain += np.diag(1 - chain.sum(1))
    balance = np.vstack([chain.T - np.eye(states), np.ones(states)])
    other = np.linalg.lstsq(balance, np.append(np.zeros(states), 1.0), rcond=None)[0]
    assert_allclose(np.exp(log_stationary(np.log(rates))), other, atol=1e-12)


def test_shifted_payoffs_are_the_same_game_and_scaled_ones_another_intensity() -> None:
    logs = log_fixation(Fermi(2.0), alone(FIVE), 30)
    assert_allclose(log_fixation(Fermi(2.0), alone(FIVE + 1000), 30), logs, atol=1e-9)
    assert_allclose(log_fixation(Fermi(2e-6), alone(FIVE * 1e6), 30), logs, atol=1e-9)


@pytest.mark.parametrize("name", BOTH)
def test_simulated_fixation_is_the_exact_one(name) -> None:
    """2000 populations, so that the share is within 4 sqrt(rho (1 - rho) / 2000), some 0.04, of rho."""
    process, game = PROCESSES[name](0.5), alone([[0.2, 1.5], [0.5, 0.4]])
    rho = float(np.exp(log_fixation(process, game, 8)[1, 0]))
    found = fixated(process, game, 8, 2000, seed=3)
    assert found.stopped is None
    assert set(found.counts[:, 0]) == {0, 8}
    assert abs((found.counts[:, 0] == 8).mean() - rho) < 4 * np.sqrt(rho * (1 - rho) / 2000)
    assert 0.1 < rho < 0.9


def chances(process, matrix: np.ndarray, size: int, mutation: float) -> tuple[np.ndarray, np.ndarray]:
    """That the first of two actions, played by k, gains and that it loses one ``[size + 1]``, as stated."""
    k = np.arange(size + 1)
    first, second = mean_payoffs(matrix, np.stack([k, size - k], -1)).T
    edge = process.intensity * (first - second)
    if isinstance(process, Fermi):
        meet = k * (size - k) / (size * (size - 1))
        up = (1 - mutation) * meet / (1 + np.exp(-edge)) + mutation / 2 * (size - k) / size
        return up, (1 - mutation) * meet / (1 + np.exp(edge)) + mutation / 2 * k / size
    fit = np.where(k == 0, 0, np.where(k == size, 1, k * np.exp(edge) / (k * np.exp(edge) + size - k)))
    child = (1 - mutation) * fit + mutation / 2
    return child * (size - k) / size, (1 - child) * k / size


@pytest.mark.parametrize("name", BOTH)
def test_one_step_has_the_stated_chances(name) -> None:
    process = PROCESSES[name](1.0)
    up, down = chances(process, HAWKS, 4, 0.2)
    for k in range(5):
        start = np.tile([k, 4 - k], (20_000, 1))
        change = played(process, alone(HAWKS), start, 1, 0.2, seed=k).counts[:, 0] - k
        for seen, chance in (((change == 1).mean(), up[k]), ((change == -1).mean(), down[k])):
            assert abs(seen - chance) <= 4 * np.sqrt(chance * (1 - chance) / 20_000)


@pytest.mark.parametrize("name", BOTH)
def test_simulated_mutation_has_the_exact_long_run(name) -> None:
    """200 populations of 10, 3000 steps: their own spread gives the error of the time average."""
    process, game, mutation = PROCESSES[name](1.0), alone(HAWKS), 0.1
    up, down = chances(process, HAWKS, 10, mutation)
    law = np.append(1.0, np.cumprod(up[:-1] / down[1:]))  # detailed balance
    law /= law.sum()
    start = np.random.default_rng(0).choice(11, 200, p=law)
    found = played(process, game, np.stack([start, 10 - start], -1), 3000, mutation, seed=1)
    hawks = found.time_average[:, 0]
    error = hawks.std(ddof=1) / np.sqrt(len(hawks))
    assert error < 0.005
    assert abs(hawks.mean() - law @ np.arange(11) / 10) < 4 * error
    assert_array_equal(found.counts.sum(-1), 10)


@pytest.mark.parametrize("name", BOTH)
def test_pure_mutation_is_even(name) -> None:
    found = played(PROCESSES[name](5.0), alone(FIVE), np.tile([4, 0, 0, 0, 0], (400, 1)), 400, 1.0, seed=0)
    assert_allclose(found.time_average.mean(0), [0.2 + 4 / 400, *[0.2 - 1 / 400] * 4], atol=0.01)


@pytest.mark.parametrize("name", BOTH)
def test_the_same_seed_gives_the_same_bytes(name) -> None:
    one, other, third = (
        played(PROCESSES[name](), alone(FIVE), np.tile([2] * 5, (20, 1)), 50, 0.1, seed) for seed in (7, 7, 8)
    )
    assert one.counts.tobytes() == other.counts.tobytes()
    assert one.time_average.tobytes() == other.time_average.tobytes()
    assert one.counts.tobytes() != third.counts.tobytes()


def test_the_start_is_left_alone() -> None:
    start = np.array([[5, 5]])
    played(Fermi(), alone(HAWKS), start, 20, 0.1)
    assert_array_equal(start, [[5, 5]])


def test_waiting_in_vain_is_said(monkeypatch) -> None:
    from simulate.dynamics.finite import simulation

    monkeypatch.setattr(simulation, "MOST_STEPS", 3)
    found = fixated(Fermi(), alone(HAWKS), 50, 10, seed=0)
    assert found.stopped == f"{(found.counts > 0).all(1).sum()} of 10 populations are still mixed after 3 steps"


@given(st.integers(0, 10**6))
@settings(max_examples=25, deadline=None)
def test_nobody_absent_is_picked(seed) -> None:
    rng = np.random.default_rng(seed)
    weights = rng.integers(0, 3, (50, 4)) * 1.0
    weights[np.arange(50), rng.integers(4, size=50)] += 1
    for uniform in (np.zeros(50), rng.random(50), np.full(50, np.nextafter(1, 0))):
        assert (weights[np.arange(50), picked(weights, uniform)] > 0).all()


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: Fermi(-1.0), "intensity is -1.0"),
        (lambda: Moran(float("inf")), "intensity is inf"),
        (lambda: log_fixation(Fermi(), alone(HAWKS), 1), "size is 1"),
        (lambda: log_fixation(Fermi(), NormalForm.of([HAWKS, HAWKS]), 5), "symmetric is True"),
        (lambda: log_fixation(Fermi(), NormalForm.of(np.zeros((3, 2, 2, 2))), 5), "3 players"),
        (lambda: played(Fermi(), alone(HAWKS), np.array([1.5, 2.5]), 5, 0), "counts have shape"),
        (lambda: played(Fermi(), alone(HAWKS), np.array([[1, 2], [2, 2]]), 5, 0), "different sizes"),
        (lambda: played(Fermi(), alone(HAWKS), np.array([1, 2]), 0, 0), "steps is 0"),
        (lambda: played(Fermi(), alone(HAWKS), np.array([1, 2]), 5, 1.5), "mutation is 1.5"),
    ],
    ids=["negative", "infinite", "alone", "asymmetric", "three", "fractions", "sizes", "steps", "mutation"],
)
def test_bad_values_are_refused(action, message) -> None:
    with pytest.raises(ValueError, match=message):
        action()
