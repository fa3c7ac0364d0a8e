"""Logit quantal response equilibria, and the path on which they are found."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import expit
from scipy.special import softmax as scipy_softmax

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.empirical.regret import regrets
from simulate.equilibria.quantal_response import TOLERANCE, logit_equations, logit_path, quantal_response
from simulate.equilibria.solvers import path_following
from simulate.equilibria.solvers.path_following import follow
from tests.finite_games import affine, finite_games, reordered
from tests.golden_games import GOLDEN, GoldenGame, known, random_game

PRECISIONS = st.sampled_from([0.0, 0.01, 0.3, 1.0, 4.0, 30.0, 1e3, 1e5])


def only(game: NormalForm, precision: float) -> Profile:
    answer = quantal_response(game, precision)
    assert answer.stopped is None
    (found,) = answer.equilibria
    assert found.profile is not None
    assert found.residual < TOLERANCE
    return found.profile


def answered(game: NormalForm, profile: Profile, precision: float) -> Profile:
    """Everybody's logit response, by einsum and by scipy's softmax."""
    letters = "abcdefgh"[: game.n]
    responses = []
    for i in range(game.n):
        others = [letters[j] for j in range(game.n) if j != i]
        rule = ",".join([letters, *others]) + "->" + letters[i]
        values = np.einsum(rule, game.payoffs[i], *[mixture for j, mixture in enumerate(profile) if j != i])
        responses.append(scipy_softmax(precision * values))
    return tuple(responses)


def distance(one: Profile, other: Profile) -> float:
    return max(float(np.abs(a - b).max()) for a, b in zip(one, other, strict=True))


@given(finite_games(), PRECISIONS)
def test_everybody_answers_everybody_by_logits(game: NormalForm, precision: float) -> None:
    with np.errstate(over="raise", invalid="raise"):
        profile = only(game, precision)
    assert all(mixture.min() >= 0 for mixture in profile)
    assert [mixture.sum() for mixture in profile] == pytest.approx([1.0] * game.n, abs=1e-12)
    assert distance(profile, answered(game, profile, precision)) < TOLERANCE


@given(finite_games(), PRECISIONS)
def test_mistakes_cost_little(game: NormalForm, precision: float) -> None:
    """softmax maximises sigma . u + entropy / precision, so that a regret is at most log A / precision."""
    if precision > 0:
        lost = regrets(game, only(game, precision))
        assert (lost <= np.log(game.sizes) / precision + 1e-12).all()


@given(finite_games([(2, 2), (3, 4), (5, 2), (3, 3), (2, 2, 2), (3, 2, 4)]))
@settings(max_examples=25)
def test_damped_fixed_point(game: NormalForm) -> None:
    profile = tuple(np.full(size, 1 / size) for size in game.sizes)
    precision = 0.9 / (game.span * (game.n - 1)) if game.span > 1e-9 else 1.0
    for _ in range(500):
        profile = tuple((a + b) / 2 for a, b in zip(profile, answered(game, profile, precision), strict=True))
    assert distance(only(game, precision), profile) < 1e-9


@pytest.mark.parametrize("precision", [0.1, 1.0, 10.0, 200.0])
def test_symmetric_two_by_two(precision: float) -> None:
    """One unknown: p = expit(precision * ((1 - p) 0.3 - p 0.7)) in the game [[0, 0.3], [0.7, 0]]."""
    game = NormalForm.of([[[0, 0.3], [0.7, 0]], [[0, 0.7], [0.3, 0]]])
    expected = brentq(lambda p: p - expit(precision * (0.3 - p)), 0, 1, xtol=1e-15)
    assert [mixture[0] for mixture in only(game, precision)] == pytest.approx([expected] * 2, abs=1e-12)


@pytest.mark.parametrize("precision", [0.1, 1.0, 10.0, 1e3])
def test_pennies(precision: float) -> None:
    """Matching pennies with 9 for one match: the response to the response falls, so there is one root."""
    game = NormalForm.of([[[9, 0], [0, 1]], [[0, 1], [1, 0]]])

    def second(p: float) -> float:
        return float(expit(precision * (1 - 2 * p)))

    def missed(p: float) -> float:
        return float(p - expit(precision * (10 * second(p) - 1)))

    p = brentq(missed, 0, 1, xtol=1e-16, rtol=1e-15)
    row, column = only(game, precision)
    assert row[0] == pytest.approx(p, abs=1e-9)
    assert column[0] == pytest.approx(second(p), abs=1e-9)


@given(finite_games([(3, 4), (2, 2, 2), (3, 2, 4)]), st.integers(0, 99), st.sampled_from([0.5, 3.0]))
@settings(max_examples=25)
def test_order_and_scale_do_not_matter(game: NormalForm, seed: int, precision: float) -> None:
    profile = only(game, precision)
    other, players, orders = reordered(game, seed)
    expected = tuple(profile[i][order] for i, order in zip(players, orders, strict=True))
    assert distance(only(other, precision), expected) < 1e-9
    for scale in (1e-6, 1e6):
        assert distance(only(affine(game, scale), precision / scale), profile) < 1e-9
    assert distance(only(affine(game, 1.0, 7.0), precision), profile) < 1e-9


@given(finite_games([(3, 3), (2, 2, 2), (4, 2)]))
@settings(max_examples=25)
def test_identical_actions_are_played_alike(game: NormalForm) -> None:
    doubled = NormalForm.of(np.concatenate([game.payoffs, game.payoffs[:, :1]], axis=1))
    for precision in (1.0, 50.0):
        own = only(doubled, precision)[0]
        assert own[0] == pytest.approx(own[-1], abs=1e-10)


def test_no_precision_is_uniform() -> None:
    profile = only(NormalForm.of(random_game(0, (2, 3, 4))), 0.0)
    assert [mixture.tolist() for mixture in profile] == [[1 / 2] * 2, [1 / 3] * 3, [1 / 4] * 4]


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
def test_golden_games_are_followed_far(golden: GoldenGame) -> None:
    """Degenerate, symmetric and large games: at precision 1e4 / span play is all but an equilibrium."""
    game = golden.game
    precisions = np.geomspace(0.1, 1e4, 9) / game.span
    path = logit_path(game, precisions.tolist())
    assert path.stopped is None
    assert path.precisions == tuple(precisions)
    for precision, profile, missed in zip(path.precisions, path.profiles, path.residuals, strict=True):
        assert missed < TOLERANCE
        assert distance(profile, answered(game, profile, precision)) < TOLERANCE
    assert regrets(game, path.profiles[-1]).max() <= 1e-3 * game.span


def test_a_bifurcation_is_passed_straight_on() -> None:
    """Here Gambit 16's path ends at a profile of regret 0.213; ours goes on to one of the game's nine equilibria."""
    (golden,) = [golden for golden in known("nash") if golden.name == "mckelvey-mclennan"]
    profile = only(golden.game, 1e4)
    assert distance(profile, tuple(np.array(p) for p in [(0.5, 0.5), (0.5, 0.5), (1.0, 0.0)])) < 1e-9
    assert regrets(golden.game, profile).max() < 1e-9


@pytest.mark.parametrize("seed", [107, 113, 127])
def test_neighbouring_branches_are_not_taken(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Games whose branch turns back beside another one: short arcs, which cannot miss it, lead to the same play."""
    game = NormalForm.of(random_game(seed, (10, 10)))
    profile = only(game, 50.0 / game.span)
    monkeypatch.setattr(path_following, "STRAIGHT", 0.9995)
    assert distance(profile, only(game, 50.0 / game.span)) < 1e-9


def test_derivatives() -> None:
    game = NormalForm.of(random_game(3, (2, 3, 4)))
    equations, point = logit_equations(game), np.random.default_rng(0).normal(size=10)
    step = 1e-6
    numbers = [(equations(point + step * e)[0] - equations(point - step * e)[0]) / (2 * step) for e in np.eye(10)]
    assert equations(point)[1] == pytest.approx(np.array(numbers).T, abs=1e-8)


def test_a_cap_is_reported() -> None:
    game = NormalForm.of(random_game(0, (5, 5, 5)))
    answer = quantal_response(game, 10.0, steps=3)
    assert answer.equilibria == ()
    assert answer.stopped == "the path was left after 3 steps and did not reach precision 10"
    path = logit_path(game, [0.0, 0.1, 10.0], steps=3)
    assert path.precisions == (0.0, 0.1)
    assert len(path.profiles) == len(path.residuals) == 2


def test_pure_play_is_found_at_any_precision() -> None:
    dilemma = NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]])
    assert [mixture.tolist() for mixture in only(dilemma, 1e14)] == [[0, 1], [0, 1]]


def test_what_rounding_spoils_is_refused() -> None:
    """Mixed play at precision L is known to about L times 1e-16."""
    answer = quantal_response(NormalForm.of([[[9, 0], [0, 1]], [[0, 1], [1, 0]]]), 1e9)
    assert answer.equilibria == ()
    assert answer.stopped is not None
    assert "precision 1e+09" in answer.stopped


@pytest.mark.parametrize("precision", [-1.0, 1e16, math.inf, math.nan])
def test_bad_precisions(precision: float) -> None:
    with pytest.raises(ValueError, match=r"precision is .*; a number from 0 to 1e15 / 2 is expected"):
        quantal_response(NormalForm.of([[[2, 0], [0, 1]], [[2, 0], [0, 1]]]), precision)


def test_bad_options() -> None:
    game = NormalForm.of(random_game(0, (2, 2)))
    with pytest.raises(ValueError, match="steps is 0"):
        quantal_response(game, steps=0)
    with pytest.raises(ValueError, match="increasing ones are expected"):
        logit_path(game, [2.0, 1.0])


def cubic(point: Array) -> tuple[Array, Array]:
    """parameter = x^3 - 3 x: an S with turning points at (-1, 2) and (1, -2)."""
    x, parameter = point
    return np.array([parameter - x**3 + 3 * x]), np.array([[3 - 3 * x**2, 1.0]])


def test_turning_points() -> None:
    found, stopped = follow(cubic, np.array([-3.0, -18.0]), [-2.5, 1.0, 1.99, 3.0, 50.0], 500)
    assert stopped is None
    first = [np.roots([1, 0, -3, -target]) for target in (-2.5, 1.0, 1.99, 3.0, 50.0)]
    expected = [min(roots[abs(roots.imag) < 1e-9].real) for roots in first]
    assert [point[0] for point in found] == pytest.approx(expected, abs=1e-10)
    assert all(a < b for a, b in pairwise(point[0] for point in found))


@pytest.mark.parametrize("gap", [0.02, -0.02, 1e-3, 0.0])
def test_a_pitchfork_and_its_neighbours(gap: float) -> None:
    """parameter x - x^3 + gap = 0: broken by a gap, the branch bends away; unbroken, it goes straight on."""

    def pitchfork(point: Array) -> tuple[Array, Array]:
        x, parameter = point
        return np.array([parameter * x - x**3 + gap]), np.array([[parameter - 3 * x**2, x]])

    roots = np.roots([-1, 0, -3, gap])
    start = float(roots[abs(roots.imag) < 1e-9].real[0])
    found, stopped = follow(pitchfork, np.array([start, -3.0]), [3.0], 500)
    assert stopped is None
    ends = np.sort(np.roots([-1, 0, 3, gap]).real)
    assert found[0][0] == pytest.approx(ends[1 + int(np.sign(gap))], abs=1e-10)


def test_a_closed_curve_reaches_nothing_beyond_it() -> None:
    def circle(point: Array) -> tuple[Array, Array]:
        return np.array([point @ point - 1]), 2 * point[None]

    found, stopped = follow(circle, np.array([1.0, 0.0]), [0.6, 2.0], 200)
    assert [point.tolist() for point in found] == [pytest.approx([0.8, 0.6])]
    assert stopped == "the path was left after 200 steps"
