"""Dynamics: invariants of the velocities, known paths, and independent second opinions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from simulate.dynamics import DYNAMICS
from simulate.dynamics import trajectory as trajectories
from simulate.dynamics.basins import basins
from simulate.dynamics.best_response import BestResponse
from simulate.dynamics.brown_von_neumann_nash import BrownVonNeumannNash
from simulate.dynamics.cycles import cycles
from simulate.dynamics.fictitious_play import FictitiousPlay
from simulate.dynamics.logit import Logit
from simulate.dynamics.phase_portrait import phase_portrait
from simulate.dynamics.populations import Populations
from simulate.dynamics.replicator import Replicator
from simulate.dynamics.rest_points import rest_points
from simulate.dynamics.smith import Smith
from simulate.dynamics.trajectory import trajectory
from simulate.empirical.normal_form import NormalForm, action_values, expectation, pure
from simulate.empirical.regret import regrets
from simulate.statistics import wilson

ALL = sorted(DYNAMICS)
NASH = ["best_response", "brown_von_neumann_nash", "smith"]  # at rest at Nash equilibria and nowhere else
KINKED = ["brown_von_neumann_nash", "smith"]  # followed to about 1e-5, whatever else is followed with them
ROCK = np.array([[0, -1, 1], [1, 0, -1], [-1, 1, 0]], dtype=float)
SHAPLEY = NormalForm.of([[[0, 0, 1], [1, 0, 0], [0, 1, 0]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]]])
# McKelvey and McLennan (1996), as in Gambit's contrib/games/2x2x2.nfg: nine equilibria, by P(first action)
NINE = NormalForm.of(
    [[[[9, 0], [0, 3]], [[0, 3], [9, 0]]], [[[8, 0], [0, 4]], [[0, 4], [8, 0]]], [[[12, 0], [0, 6]], [[0, 6], [2, 0]]]]
)
NINE_EQUILIBRIA = [
    (1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1), (1 / 2, 1 / 2, 1), (1 / 3, 1, 1 / 4), (0, 1 / 4, 1 / 3),
    (1 / 2, 2 / 5, 1 / 4), (2 / 5, 1 / 2, 1 / 3),
]  # fmt: skip


def alone(matrix) -> NormalForm:
    """The symmetric game of a matrix."""
    matrix = np.asarray(matrix, dtype=float)
    return NormalForm.of([matrix, matrix.T])


def drawn(sizes: tuple[int, ...], count: int, seed: int):
    """Mixtures, some of them on faces and corners."""
    rng = np.random.default_rng(seed)
    state = []
    for size in sizes:
        weights = rng.exponential(size=(count, size)) * (rng.random((count, size)) < 0.7)
        weights[np.arange(count), rng.integers(size, size=count)] += rng.random(count) + 0.1
        state.append(weights / weights.sum(-1, keepdims=True))
    return tuple(state)


@st.composite
def played(draw):
    """A random game, small payoffs or large, often with ties, and states in it."""
    sizes = tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3)))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    table = rng.integers(-2, 3, (len(sizes), *sizes)) if draw(st.booleans()) else rng.random((len(sizes), *sizes))
    game = NormalForm.of(table * draw(st.sampled_from([1e-6, 1.0, 1e6])))
    return game, drawn(sizes, 5, seed)


@pytest.mark.parametrize("name", ALL)
@given(played())
@settings(max_examples=25, deadline=None)
def test_velocity_is_tangent_and_points_inwards(name, case) -> None:
    game, state = case
    dynamic = DYNAMICS[name]()
    space = Populations(game)
    for shares, velocity in zip(state, space.velocity(dynamic, state), strict=True):
        assert velocity.shape == shares.shape
        size = 1 + np.abs(velocity).max() + np.abs(game.payoffs).max()  # payoffs are subtracted from their own mean
        assert_allclose(velocity.sum(-1), 0, atol=1e-13 * size)
        assert (velocity[shares == 0] >= 0).all()


@pytest.mark.parametrize("name", [name for name in ALL if name != "logit"])
@given(played())
@settings(max_examples=25, deadline=None)
def test_what_grows_earns_more(name, case) -> None:
    """Positive correlation: sum_a v_a u_a >= 0."""
    game, state = case
    space = Populations(game)
    for u, v in zip(space.values(state), space.velocity(DYNAMICS[name](), state), strict=True):
        assert (
            ((u - u.max(-1, keepdims=True)) * v).sum(-1) >= -2e-9 * space.scale * (1 + np.abs(v).max())
        ).all()  # ties are ties within 1e-9


@given(played())
@settings(max_examples=30, deadline=None)
def test_values_are_those_of_the_game_one_state_at_a_time(case) -> None:
    game, state = case
    found = Populations(game).values(state)
    for s, i in itertools.product(range(5), range(game.n)):
        profile = tuple(shares[s] for shares in state)
        assert_allclose(found[i][s], action_values(game, i, profile), rtol=1e-12, atol=1e-12 * game.span)


def test_values_of_four_players_and_of_one() -> None:
    game = NormalForm.of(np.random.default_rng(0).random((4, 2, 3, 4, 2)))
    state = drawn(game.sizes, 3, 0)
    for i, found in enumerate(Populations(game).values(state)):
        loops = [action_values(game, i, profile) for profile in zip(*state, strict=True)]
        assert_allclose(found, loops, atol=1e-14)
    (single,) = Populations(NormalForm.of([[3.0, 1.0]])).values((np.full((2, 2), 0.5),))
    assert_array_equal(single, [[3, 1], [3, 1]])


@pytest.mark.parametrize("name", ["replicator", *NASH])
@pytest.mark.parametrize("first", NINE_EQUILIBRIA, ids=str)
def test_rest_at_every_nash_equilibrium(name, first) -> None:
    state = tuple(np.array([[p, 1 - p]]) for p in map(float, first))
    for velocity in Populations(NINE).velocity(DYNAMICS[name](), state):
        assert_allclose(velocity, 0, atol=1e-12)


@pytest.mark.parametrize("name", NASH)
@given(played())
@settings(max_examples=30, deadline=None)
def test_no_rest_where_somebody_gains(name, case) -> None:
    game, state = case
    space = Populations(game)
    moving = np.max([np.abs(v).max(-1) for v in space.velocity(DYNAMICS[name](), state)], axis=0)
    gains = np.array([regrets(game, space.profile(state, s)).max() for s in range(5)])
    assert (moving[gains > 1e-3 * space.scale] > 1e-7 * space.unit(DYNAMICS[name]())).all()


def test_replicator_against_open_spiel() -> None:
    from open_spiel.python.egt import dynamics

    rng = np.random.default_rng(3)
    tensor = rng.random((3, 2, 3, 4))
    state = drawn((2, 3, 4), 6, 3)
    ours = np.concatenate(Populations(NormalForm.of(tensor)).velocity(Replicator(), state), -1)
    theirs = dynamics.MultiPopulationDynamics(tensor, [dynamics.replicator] * 3)
    assert_allclose(ours, [theirs(np.concatenate(x)) for x in zip(*state, strict=True)], atol=1e-15)
    matrix = rng.random((5, 5))
    single = dynamics.SinglePopulationDynamics(np.stack([matrix, matrix.T]), dynamics.replicator)
    (shares,) = drawn((5,), 6, 4)
    (ours,) = Populations(alone(matrix), True).velocity(Replicator(), (shares,))
    assert_allclose(ours, [single(x) for x in shares], atol=1e-15)


def test_one_population_of_three_moves_like_three_alike() -> None:
    base = np.random.default_rng(0).random((3, 3, 3))
    base = base + base.swapaxes(1, 2)  # the others are interchangeable
    game = NormalForm.of([base, base.transpose(1, 0, 2), base.transpose(1, 2, 0)])
    (shares,) = drawn((3,), 5, 1)
    (single,) = Populations(game, True).velocity(Smith(), (shares,))
    for several in Populations(game).velocity(Smith(), (shares,) * 3):
        assert_allclose(several, single, atol=1e-14)
    skewed = NormalForm.of([base, base.transpose(1, 0, 2), base.transpose(1, 2, 0) + np.eye(3)[:, :, None]])
    with pytest.raises(ValueError, match="symmetric is True"):
        Populations(skewed, True)


def test_golden_five_strategies() -> None:
    """Agreed by scipy's LSODA, OpenSpiel, Nashpy and EGTtools to six digits."""
    matrix = np.random.default_rng(5).random((5, 5)).round(3)
    path = trajectory(Replicator(), alone(matrix), (np.full(5, 0.2),), 200, symmetric=True)
    assert_allclose(path.end[0][0], [0, 0, 0.329819, 0, 0.670181], atol=6e-7)
    assert path.stopped is None


@pytest.mark.parametrize("symmetric", [True, False], ids=["one population", "two populations"])
def test_replicator_against_lsoda_on_shares(symmetric) -> None:
    from scipy.integrate import solve_ivp

    game = alone(np.random.default_rng(1).random((3, 3)))
    space = Populations(game, symmetric)
    start = tuple(np.random.default_rng(2).dirichlet(np.ones(3), 1) for _ in space.sizes)

    def field(_, y):
        return space.flat(space.velocity(Replicator(), space.state(y[None])))[0]

    path = trajectory(Replicator(), game, start, 10, points=11, symmetric=symmetric)
    other = solve_ivp(field, (0, 10), space.flat(start)[0], "LSODA", path.times, rtol=1e-10, atol=1e-12)
    assert_allclose(space.flat(path.states)[:, 0], other.y.T, atol=1e-8)


def test_rock_paper_scissors_keeps_the_product() -> None:
    """Hofbauer and Sigmund (1998), theorem 7.7.2: x1 x2 x3 is constant when the game is zero-sum, else monotone."""
    starts = np.random.default_rng(0).dirichlet(np.ones(3), 20)
    product = trajectory(Replicator(), alone(ROCK), (starts,), 100, symmetric=True).states[0].prod(-1)
    assert_allclose(product, np.broadcast_to(product[0], product.shape), rtol=1e-7)
    for bonus, sign in ((-0.5, 1), (0.5, -1)):  # a tie costs: towards the centre; a tie pays: to the edges
        game = alone(ROCK + bonus * np.eye(3))
        product = trajectory(Replicator(), game, (starts,), 20, symmetric=True).states[0].prod(-1)
        assert (sign * np.diff(np.log(product), axis=0) > 0).all()


def test_a_nearly_extinct_action_returns() -> None:
    doves = alone([[-0.5, 2.0], [0.0, 0.0]])  # hawks: 4/5 at equilibrium
    path = trajectory(Replicator(), doves, (np.array([1e-200, 1.0]),), 300, symmetric=True)
    assert_allclose(path.end[0][0], [0.8, 0.2], atol=1e-9)
    gone = trajectory(Replicator(), doves, (np.array([0.0, 1.0]),), 300, symmetric=True)
    assert_array_equal(gone.end[0][0], [0, 1])


def test_logit_ends_at_the_quantal_response_equilibrium() -> None:
    from scipy.optimize import brentq

    precision = 2.0
    hawks = brentq(lambda x: 1 / (1 + np.exp(-precision * (2 - 2.5 * x))) - x, 0, 1)
    path = trajectory(Logit(precision), alone([[-0.5, 2.0], [0.0, 0.0]]), (np.array([0.1, 0.9]),), 40, symmetric=True)
    assert_allclose(path.end[0][0, 0], hawks, atol=1e-9)


def test_logit_rests_at_the_quantal_response_equilibria_of_a_game_of_three() -> None:
    """Each rest point solves x = softmax(precision u(x)), written out once more with the game's own action values."""
    found = rest_points(Logit(1.0), NINE)
    assert len(found.points) == 9
    for point in found.points:
        for i, shares in enumerate(point.profile):
            odds = np.exp(action_values(NINE, i, point.profile))
            assert_allclose(shares, odds / odds.sum(), atol=1e-9)


@pytest.mark.parametrize("seed", [1, 4])
def test_shapley_fictitious_play_against_quantecon(seed) -> None:
    """Equal to QuantEcon's path (smallest index on ties) from pure starts, which ends in ever longer turns."""
    from quantecon.game_theory import FictitiousPlay as Oracle
    from quantecon.game_theory import NormalFormGame, Player

    a, b = SHAPLEY.payoffs
    first = [(0, 0), (0, 1)][seed % 2]
    theirs = Oracle(NormalFormGame([Player(a), Player(b.T)])).time_series(301, init_actions=first)
    path = trajectory(FictitiousPlay(), SHAPLEY, pure(SHAPLEY, first), 300, points=301)
    for ours, series in zip(path.states, theirs, strict=True):
        assert_allclose(ours[:, 0], series, atol=1e-12)


def test_shapley_fictitious_play_does_not_converge() -> None:
    """Shapley (1964): from off the centre the averages keep circling, each turn as long as all before."""
    start = (np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.5, 0.3]))
    path = trajectory(FictitiousPlay(), SHAPLEY, start, 6000, points=601)
    late = np.concatenate(path.states, -1)[path.times > 1000, 0]
    assert (np.ptp(late, axis=0) > 0.25).all()
    assert np.abs(late - 1 / 3).max(-1).min() > 0.05


def test_fictitious_play_solves_a_zero_sum_game() -> None:
    """Robinson (1951); the game and its equilibrium (1, 10, 5) / 16 are in OpenSpiel's lp_solver_test.py."""
    matrix = np.array([[0, -0.25, 0.5], [0.25, 0, -0.05], [-0.5, 0.05, 0]])
    path = trajectory(FictitiousPlay(), NormalForm.of([matrix, -matrix]), (np.eye(3)[0], np.eye(3)[1]), 6000)
    assert_allclose(path.end[0][0], np.array([1, 10, 5]) / 16, atol=0.03)


def test_best_response_follows_its_exact_path() -> None:
    hunt = alone([[4.0, 0.0], [3.0, 3.0]])
    path = trajectory(BestResponse(), hunt, (np.array([[0.9, 0.1], [0.5, 0.5]]),), 3, symmetric=True)
    stags = 1 - 0.1 * np.exp(-path.times), 0.5 * np.exp(-path.times)
    assert_allclose(path.states[0][..., 0], np.stack(stags, -1), atol=1e-12)


def test_best_response_closes_in_on_a_zero_sum_equilibrium() -> None:
    """Hofbauer (1995): the most that can be earned against the state shrinks like exp(-t), but for the steps."""
    start = (np.array([0.6, 0.3, 0.1]),)
    path = trajectory(BestResponse(0.001), alone(ROCK), start, 2, points=5, symmetric=True)
    gap = (path.states[0][:, 0] @ ROCK.T).max(-1)
    assert_allclose(gap, gap[0] * np.exp(-path.times), atol=0.002)
    for step in (0.02, 0.01):
        late = trajectory(BestResponse(step), alone(ROCK), start, 10, points=501, symmetric=True).states[0][-100:]
        assert (late @ ROCK.T).max() < 2 * step


@pytest.mark.parametrize("name", ["replicator", *NASH])
def test_the_common_interest_never_falls(name) -> None:
    common = np.random.default_rng(7).random((3, 2, 3))
    game = NormalForm.of(np.stack([common] * 3))
    path = trajectory(DYNAMICS[name](), game, Populations(game).drawn(4, np.random.default_rng(0)), 15, points=31)
    for s in range(4):
        worth = [expectation(common, profile) for profile in zip(*(x[:, s] for x in path.states), strict=True)]
        assert (np.diff(worth) > -1e-9).all()
        assert worth[-1] > worth[0] + 0.01


@pytest.mark.parametrize("name", ALL)
def test_batching_is_looping(name) -> None:
    starts = drawn((2, 2, 2), 3, 0)
    whole = trajectory(DYNAMICS[name](), NINE, starts, 6, points=4)
    for s in range(3):
        single = trajectory(DYNAMICS[name](), NINE, tuple(x[s] for x in starts), 6, points=4)
        for many, one in zip(whole.states, single.states, strict=True):
            assert_allclose(many[:, s], one[:, 0], atol=1e-4 if name in KINKED else 1e-8)


@pytest.mark.parametrize("factor", [1e-6, 1e6])
@pytest.mark.parametrize("name", ALL)
def test_scaled_payoffs_are_the_same_game(name, factor) -> None:
    """Payoffs up and time down, or precision down, changes nothing."""
    plain = Logit(2.0) if name == "logit" else DYNAMICS[name]()
    scaled = Logit(2.0 / factor) if name == "logit" else plain
    game, start = NormalForm.of(NINE.payoffs * factor), drawn((2, 2, 2), 2, 3)
    time = 5 / factor if plain.in_payoffs else 5
    for one, other in zip(
        trajectory(plain, NINE, start, 5).end, trajectory(scaled, game, start, time).end, strict=True
    ):
        assert_allclose(one, other, atol=1e-4 if name in KINKED else 1e-8)
    kinds = [sorted(point.kind for point in rest_points(d, g, 8).points) for d, g in ((plain, NINE), (scaled, game))]
    assert kinds[0] == kinds[1]


@pytest.mark.parametrize("name", ALL)
def test_paths_stay_on_the_simplices(name) -> None:
    path = trajectory(DYNAMICS[name](), alone(ROCK), drawn((3,), 8, 5), 30, symmetric=True)
    assert path.drift < 1e-6
    assert (path.states[0] >= 0).all()
    assert_allclose(path.states[0].sum(-1), 1, atol=1e-12)


def test_a_capped_path_says_so(monkeypatch) -> None:
    monkeypatch.setattr(trajectories, "MOST_STEPS", 5)
    monkeypatch.setattr(trajectories, "MOST_STRIDES", 5)
    for dynamic in (Replicator(), Smith(), BestResponse()):
        path = trajectory(dynamic, alone(ROCK), (np.array([0.5, 0.3, 0.2]),), 100, symmetric=True)
        assert path.stopped is not None
        assert "of 100" in path.stopped
        assert len(path.times) == len(path.states[0]) < 101
        found = basins(dynamic, alone(ROCK), 3, symmetric=True)
        assert found.stopped is not None
        assert found.unsettled == 1


@pytest.mark.parametrize("name", ["replicator", *NASH])
def test_rest_points_hold_all_nine_equilibria(name) -> None:
    found = rest_points(DYNAMICS[name](), NINE)
    nash = [tuple(x[0].round(9) for x in point.profile) for point in found.points if point.regrets.max() < 1e-9]
    assert_allclose(sorted(nash), sorted(NINE_EQUILIBRIA), atol=1e-9)
    assert len(found.points) == 9 or name == "replicator"
    assert found.stopped is None


def test_large_games_are_searched_at_their_corners_and_say_so() -> None:
    game = NormalForm.of(np.random.default_rng(0).random((2, 10, 10)))
    rows, columns = (values == values.max(axis, keepdims=True) for axis, values in enumerate(game.payoffs))
    found = rest_points(Smith(), game, 4)
    pure_ones = [point for point in found.points if all(shares.max() == 1 for shares in point.profile)]
    assert len(pure_ones) == (rows & columns).sum() > 0
    assert found.stopped == "of 1046529 faces 100 corners of 100 and 1000 at random were searched"


def test_kinds_are_those_of_the_textbooks() -> None:
    def kinds(matrix):
        """Of the equilibria, then of the rest."""
        points = rest_points(Replicator(), alone(matrix), symmetric=True).points
        return sorted(p.kind for p in points if p.regrets.max() < 1e-9), sorted(
            p.kind for p in points if p.regrets.max() >= 1e-9
        )

    assert kinds(ROCK) == (["centre"], ["saddle"] * 3)
    assert kinds(ROCK - 0.1 * np.eye(3))[0] == ["sink"]
    assert kinds(ROCK + 0.1 * np.eye(3))[0] == ["source"]
    assert kinds([[4, 0], [3, 3]]) == (["sink", "sink", "source"], [])
    assert kinds([[-0.5, 2], [0, 0]]) == (["sink"], ["source", "source"])
    assert set(kinds(np.zeros((3, 3)))[0]) == {"degenerate"}
    assert kinds([[0, 0], [0, -1]]) == (["degenerate"], ["source"])  # a tie, decided by the second order


def test_eigenvalues_at_a_strict_equilibrium() -> None:
    """At a corner they are what the other actions lose, Hofbauer and Sigmund (1998), section 8.1."""
    matrix = np.array([[3.0, 1, 1], [1, 0, 0], [2.5, 0, 0]])
    corner = rest_points(Replicator(), alone(matrix), symmetric=True).points[0]
    assert_array_equal(corner.profile[0], [1, 0, 0])
    assert_allclose(sorted(corner.eigenvalues.real), [-2, -0.5], atol=1e-7)


@given(st.integers(0, 10**6))
@settings(max_examples=12, deadline=None)
def test_stable_rest_is_nash_and_with_two_populations_pure(seed) -> None:
    """Bomze (1986); no mixed point attracts in a bimatrix game, Hofbauer and Sigmund (1998), theorem 11.1."""
    game = NormalForm.of(np.random.default_rng(seed).random((2, 2, 3)))
    for point in rest_points(Replicator(), game, 8).points:
        assert point.velocity < 1e-12
        if point.kind == "sink":
            assert point.regrets.max() < 1e-9
            assert all(shares.max() > 1 - 1e-9 for shares in point.profile)


@pytest.mark.parametrize(
    "dynamic", [Replicator(), Logit(20.0), BestResponse(), BrownVonNeumannNash(), Smith()], ids=str
)
def test_basins_of_the_stag_hunt(dynamic) -> None:
    """The line divides at 3/4, so that stags win from a quarter of the starts; logit moves that point a little."""
    found = basins(dynamic, alone([[4, 0], [3, 3]]), 300, seed=1, symmetric=True)
    assert [basin.profile[0].argmax() for basin in found.basins] == [1, 0]
    assert found.unsettled == 0
    assert found.basins[1].low < 0.25 < found.basins[1].high
    assert sum(basin.share for basin in found.basins) == pytest.approx(1)
    if not isinstance(dynamic, Logit):
        assert max(basin.regrets.max() for basin in found.basins) < 1e-9


def test_basins_say_what_did_not_settle() -> None:
    for bonus, settled in ((0.0, 0), (0.3, 0), (-0.3, 1)):  # circles; lingers at corners ever longer; spirals inwards
        found = basins(Replicator(), alone(ROCK + bonus * np.eye(3)), 5, duration=250, symmetric=True)
        assert len(found.basins) == settled
        assert found.unsettled == 1 - settled
    assert_allclose(found.basins[0].profile[0], 1 / 3, atol=1e-9)


def test_a_continuum_is_one_basin() -> None:
    still = basins(Replicator(), NormalForm.of(np.zeros((2, 2, 2))), 60)
    assert [basin.share for basin in still.basins] == [1]
    assert still.basins[0].width > 0.9
    twins = basins(Smith(), NormalForm.of([[[1, 0], [0, 1], [0, 1]], [[1, 0], [0, 1], [0, 1]]]), 60)
    assert len(twins.basins) == 2


@pytest.mark.parametrize("level", [0.0, 0.3])
@pytest.mark.parametrize("name", ALL)
def test_where_all_is_equal_nothing_moves(name, level) -> None:
    game = NormalForm.of(np.full((2, 3, 3), level))
    state = drawn((3, 3), 6, 2)
    ends = trajectory(DYNAMICS[name](), game, state, 1e-3).end
    if name not in ("logit", "fictitious_play"):
        assert_allclose(ends, state, atol=1e-12)
    found = basins(DYNAMICS[name](), game, 20, duration=2000 if name == "fictitious_play" else 4)
    assert len(found.basins) == 1
    assert found.basins[0].share == 1


def test_wilson_by_hand() -> None:
    z = 1.959963984540054
    for hits, of in ((0, 10), (3, 10), (400, 400)):
        middle, half = (
            (hits + z * z / 2) / (of + z * z),
            z / (of + z * z) * np.sqrt(hits * (of - hits) / of + z * z / 4),
        )
        assert_allclose(wilson(hits, of), (middle - half, middle + half), atol=1e-12)


def test_turns_of_rock_paper_scissors() -> None:
    """Near the centre the eigenvalues of a tie's bonus e are (e +- i sqrt 3) / 3: period and widening follow."""
    start = (np.array([0.35, 0.33, 0.32]),)
    for bonus in (0.0, 0.02, -0.02):
        game = alone(ROCK + bonus * np.eye(3))
        found = cycles(trajectory(Replicator(), game, start, 120, points=4001, symmetric=True))
        (eigenvalue,) = {
            complex(e.real, abs(e.imag))
            for e in rest_points(Replicator(), game, symmetric=True).points[0].eigenvalues.round(6)
        }
        assert_allclose(found.period, 2 * np.pi / eigenvalue.imag, rtol=5e-3)
        assert_allclose(found.widening, np.exp(eigenvalue.real * found.period), rtol=5e-3)
        assert found.closed[0] == (bonus == 0)
    assert_allclose(2 * np.pi * np.sqrt(3), 10.8828, atol=1e-4)


def test_no_turns_where_play_settles() -> None:
    found = cycles(
        trajectory(Replicator(), alone([[4, 0], [3, 3]]), (np.array([[0.9, 0.1], [0.2, 0.8]]),), 30, symmetric=True)
    )
    assert np.isnan(found.period).all()
    assert not found.closed.any()


def test_turns_take_longer_on_the_way_to_corners() -> None:
    """At a corner one share falls at 1 + e and the next rises at 1 - e, and three corners make a turn.

    Hofbauer and Sigmund (1998), section 17.5.
    """
    bonus = 0.02
    path = trajectory(Replicator(), alone(ROCK + bonus * np.eye(3)), (np.array([0.5, 0.3, 0.2]),), 1200, 2401, True)
    found = cycles(path)
    assert_allclose(found.stretch, ((1 + bonus) / (1 - bonus)) ** 3, rtol=0.02)
    assert not found.closed[0]


def test_portraits() -> None:
    hunt = phase_portrait(Replicator(), alone([[4, 0], [3, 3]]), 4)
    row = hunt.field[(hunt.field.x == 0.5) & (hunt.field.y == 0.25)].iloc[0]
    assert_allclose(row[["dx", "dy"]].astype(float), [0.25 * (4 * 0.25 - 3), 0.1875 * (4 * 0.5 - 3)])
    assert row.speed == pytest.approx(np.hypot(row.dx, row.dy))
    assert hunt.corners["action-1, action-2"] == (1, 0)
    assert set(zip(hunt.rest.x.round(6), hunt.rest.y.round(6), hunt.rest.kind, strict=True)) >= {
        (0.0, 0.0, "sink"), (1.0, 1.0, "sink"), (0.75, 0.75, "saddle")
    }  # fmt: skip
    triangle = phase_portrait(Smith(), alone(ROCK), 6, symmetric=True)
    assert len(triangle.field) == 28
    assert triangle.corners["action-3"] == pytest.approx((0.5, 3**0.5 / 2))
    centre = triangle.field[np.hypot(triangle.field.x - 0.5, triangle.field.y - 3**0.5 / 6) < 1e-9]
    assert centre.speed.item() < 1e-12
    assert triangle.rest.kind.tolist() == ["kinked"]
    for game, symmetric in ((NINE, False), (alone(np.eye(4)), True), (alone(ROCK), False)):
        with pytest.raises(ValueError, match="sizes are"):
            phase_portrait(Replicator(), game, symmetric=symmetric)


def test_the_same_seed_gives_the_same_bytes() -> None:
    one, other = (basins(Smith(), NINE, 30, seed=5, duration=20) for _ in range(2))
    assert [b.share for b in one.basins] == [b.share for b in other.basins]
    for a, b in zip(one.basins, other.basins, strict=True):
        assert [x.tobytes() for x in a.profile] == [x.tobytes() for x in b.profile]
    assert basins(Smith(), NINE, 30, seed=6, duration=20).basins[0].share != one.basins[0].share


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (lambda: Logit(-1.0), "precision is -1.0"),
        (lambda: Logit(float("nan")), "precision is nan"),
        (lambda: BestResponse(0.0), "step is 0.0"),
        (lambda: FictitiousPlay(0.0), "prior is 0.0"),
        (lambda: trajectory(Replicator(), SHAPLEY, (np.eye(3)[0],) * 2, 0.0), "duration is 0.0"),
        (lambda: trajectory(Replicator(), SHAPLEY, (np.eye(3)[0],) * 2, 1.0, points=1), "points is 1"),
        (lambda: trajectory(Replicator(), SHAPLEY, (np.eye(3)[0],), 1.0), "start has shapes"),
        (lambda: trajectory(Replicator(), SHAPLEY, (np.ones(3),) * 2, 1.0), "off the simplices"),
        (lambda: Populations(NormalForm.of([ROCK, -2 * ROCK]), True), "symmetric is True"),
        (lambda: basins(Replicator(), SHAPLEY, 0), "starts is 0"),
        (lambda: phase_portrait(Replicator(), alone(ROCK), 0), "resolution is 0"),
    ],
    ids=[
        "precision",
        "nan",
        "step",
        "prior",
        "duration",
        "points",
        "shape",
        "sum",
        "asymmetric",
        "starts",
        "resolution",
    ],
)
def test_bad_values_are_refused(action, message) -> None:
    with pytest.raises(ValueError, match=message):
        action()
