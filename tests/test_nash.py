"""Nash equilibria: known games, games drawn at random, and solvers that share nothing with ours."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import chain, combinations, product

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from simulate.empirical.normal_form import Array, NormalForm, Profile, pure, uniform
from simulate.empirical.regret import regrets
from simulate.equilibria import EQUILIBRIA
from simulate.equilibria.all_nash import all_nash, distinct
from simulate.equilibria.base import Answer
from simulate.equilibria.nash import nash
from simulate.equilibria.pure_nash import pure_nash
from simulate.equilibria.solvers.clock import Clock
from simulate.equilibria.solvers.extreme import extreme, vertices
from simulate.equilibria.solvers.lemke_howson import follower, lemke_howson
from simulate.equilibria.solvers.logit_tracing import logit_tracing
from simulate.equilibria.solvers.polish import TOLERANCE, newton, polished, values_and_slopes
from simulate.equilibria.solvers.scaled import scaled
from simulate.equilibria.solvers.supports import supports
from tests.golden_games import GOLDEN, GoldenGame, coordination, known, random_game

SIZES = [(1, 1), (2, 2), (3, 4), (5, 2), (2, 2, 2), (3, 1, 2), (2, 3, 2), (2, 2, 2, 2)]
ROUNDING = 1e-9  # of probabilities that two methods find


@st.composite
def finite_games(draw: st.DrawFn, sizes: list[tuple[int, ...]] = SIZES) -> NormalForm:
    """Ties everywhere or nowhere, payoffs of any size, players on different scales and levels."""
    shape, seed = draw(st.sampled_from(sizes)), draw(st.integers(0, 2**32 - 1))
    rng, levels = np.random.default_rng(seed), draw(st.sampled_from([1, 2, 3, None]))
    table = rng.random((len(shape), *shape)) if levels is None else rng.integers(0, levels, (len(shape), *shape))
    columns = (-1,) + (1,) * len(shape)
    scale = 10.0 ** rng.integers(-6, 7, len(shape)).reshape(columns)
    return NormalForm.of(scale * (table + rng.integers(-2, 3, len(shape)).reshape(columns)))


def spans(game: NormalForm) -> Array:
    return np.maximum(np.ptp(game.payoffs.reshape(game.n, -1), axis=1), np.finfo(float).tiny)


def require_equilibria(game: NormalForm, answer: Answer) -> None:
    """Each is a profile of distributions whose regrets, recomputed, are nothing beside its player's payoffs."""
    for found in answer.equilibria:
        assert found.profile is not None
        for mixture in found.profile:
            assert mixture.min() >= 0
            assert mixture.sum() == pytest.approx(1, abs=1e-12)
        assert (regrets(game, found.profile) <= 2 * TOLERANCE * spans(game)).all()
        assert np.array_equal(found.regrets, regrets(game, found.profile))


def found_in(answer: Answer, profile: Profile, nearness: float = ROUNDING) -> bool:
    return any(
        all(abs(x - np.asarray(y)).max() < nearness for x, y in zip(found.profile or (), profile, strict=True))
        for found in answer.equilibria
    )


def quantecon_game(game: NormalForm):
    """QuantEcon's players see their own action first, then the next player's, and so on round the table."""
    from quantecon.game_theory import NormalFormGame, Player

    n = game.n
    turned = [np.ascontiguousarray(np.transpose(t, [*range(i, n), *range(i)])) for i, t in enumerate(game.payoffs)]
    return NormalFormGame([Player(t) for t in turned])


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
def test_known_games_have_the_equilibria_that_their_sources_say(golden: GoldenGame) -> None:
    game = golden.game
    pures = pure_nash(game)
    assert pures.complete
    assert golden.pure in (None, len(pures.equilibria))
    require_equilibria(game, pures)
    if game.n > 2 and np.prod(game.sizes) > 20:  # larger ones take minutes
        return
    everything = all_nash(game, seconds=60)
    require_equilibria(game, everything)
    assert everything.stopped is None
    if golden.extent != "some":
        assert all(found_in(everything, profile) for profile in golden.nash)
        assert everything.complete == (golden.extent == "all")
    assert golden.count in (None, len(everything.equilibria))
    assert all(found_in(everything, found.profile or ()) for found in pures.equilibria)


@pytest.mark.parametrize("golden", GOLDEN, ids=str)
def test_at_least_one_equilibrium_of_every_known_game(golden: GoldenGame) -> None:
    answer = nash(golden.game)
    assert answer.equilibria
    assert not answer.complete
    assert answer.stopped is None
    require_equilibria(golden.game, answer)
    assert all(found_in(answer, found.profile or ()) for found in pure_nash(golden.game).equilibria)


@pytest.mark.parametrize("golden", known("value"), ids=str)
def test_known_values(golden: GoldenGame) -> None:
    assert all(e.utilities[0] == pytest.approx(golden.value, abs=1e-9) for e in all_nash(golden.game).equilibria)


@pytest.mark.parametrize("golden", known("best_nash"), ids=str)
def test_known_best_welfare(golden: GoldenGame) -> None:
    welfare = [e.utilities.sum() for e in all_nash(golden.game).equilibria]
    assert max(welfare) == pytest.approx(golden.best_nash, abs=1e-9)


@settings(deadline=None, max_examples=60)
@given(finite_games())
def test_nash_finds_an_equilibrium_of_any_game(game: NormalForm) -> None:
    answer = nash(game)
    assert answer.equilibria
    require_equilibria(game, answer)


@settings(deadline=None, max_examples=40)
@given(finite_games([size for size in SIZES if np.prod(size) < 16]))
def test_all_nash_finds_equilibria_only_and_each_once(game: NormalForm) -> None:
    answer = all_nash(game, seconds=20)
    assert answer.equilibria
    require_equilibria(game, answer)
    profiles = [found.profile for found in answer.equilibria if found.profile is not None]
    assert len(distinct(profiles)) == len(profiles)


@settings(deadline=None, max_examples=60)
@given(finite_games())
def test_pure_equilibria_are_those_of_a_loop_and_of_quantecon(game: NormalForm) -> None:
    def stable(cell: tuple[int, ...]) -> bool:
        return bool((regrets(game, pure(game, cell)) <= 1e-12 * spans(game)).all())

    cells = {cell for cell in product(*map(range, game.sizes)) if stable(cell)}
    found = {tuple(int(x.argmax()) for x in e.profile or ()) for e in pure_nash(game).equilibria}
    assert found == cells
    if 1 not in game.sizes:
        from quantecon.game_theory import pure_nash_brute

        assert found == set(pure_nash_brute(quantecon_game(scaled(game)), tol=1e-12))


def indifferent(block: Array) -> Array:
    """The mixture of columns that makes all rows of a square block worth the same."""
    k = len(block)
    return np.linalg.solve(np.vstack([np.c_[block, -np.ones(k)], np.r_[np.ones(k), 0]]), np.eye(k + 1)[-1])[:-1]


def by_supports(game: NormalForm) -> list[Profile]:
    """Two players, nondegenerate: one solution of linear equations for each pair of equally large supports."""
    found = []
    sets = [list(chain(*(combinations(range(a), k) for k in range(1, a + 1)))) for a in game.sizes]
    for rows, columns in product(*sets):
        if len(rows) == len(columns):
            cut = np.ix_(rows, columns)
            profile = (np.zeros(game.sizes[0]), np.zeros(game.sizes[1]))
            profile[0][list(rows)] = indifferent(game.payoffs[1][cut].T)
            profile[1][list(columns)] = indifferent(game.payoffs[0][cut])
            if min(x.min() for x in profile) >= 0 and regrets(game, profile).max() < 1e-9:
                found.append(profile)
    return found


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 3), (2, 4), (4, 4), (5, 3)]))
def test_two_players_have_the_equilibria_that_their_supports_say(seed: int, sizes: tuple[int, ...]) -> None:
    game = NormalForm.of(random_game(seed, sizes))
    expected, answer = by_supports(game), all_nash(game)
    assert answer.complete
    assert len(answer.equilibria) == len(expected)
    assert len(expected) % 2 == 1
    assert all(found_in(answer, profile) for profile in expected)


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(2, 2), (3, 3), (3, 4)]))
def test_the_many_player_search_agrees_on_two_players(seed: int, sizes: tuple[int, ...]) -> None:
    game = NormalForm.of(random_game(seed, sizes))
    mixing = supports(scaled(game), 0, Clock.of(20))
    expected = [x for x in by_supports(game) if max(mixture.max() for mixture in x) < 1]
    assert mixing.lost == 0
    assert len(distinct(mixing.profiles)) == len(expected)


@pytest.mark.parametrize(("seed", "sizes"), [(0, (2, 2, 2)), (1, (2, 2, 2)), (4, (2, 3, 2))], ids=str)
def test_many_players_have_every_equilibrium_that_random_starts_find(seed: int, sizes: tuple[int, ...]) -> None:
    game, rng = NormalForm.of(random_game(seed, sizes)), np.random.default_rng(seed)
    answer, found = all_nash(game, seconds=60), []
    masks = [[np.array(mask, dtype=bool) for mask in product([0, 1], repeat=a) if any(mask)] for a in sizes]
    for support in product(*masks):
        starts = [tuple(rng.dirichlet(np.ones(a)) for a in sizes) for _ in range(3)]
        found += [x for start in starts if (x := newton(scaled(game), start, support)) is not None]
    assert answer.complete
    assert len(answer.equilibria) == len(distinct(found))
    assert all(found_in(answer, profile) for profile in found)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 6), st.booleans())
def test_zero_sum_values_are_those_of_linear_programmes(seed: int, m: int, n: int, ties: bool) -> None:
    rng = np.random.default_rng(seed)
    table = rng.integers(-2, 3, (m, n)).astype(float) if ties else rng.normal(size=(m, n))
    # most v such that every column leaves at least v: variables x, v
    best = linprog(
        np.r_[np.zeros(m), -1], np.c_[-table.T, np.ones(n)], np.zeros(n), np.r_[np.ones(m), 0][None], [1],
        bounds=[(0, None)] * m + [(None, None)],
    )  # fmt: skip
    for solve in (nash, all_nash):
        answer = solve(NormalForm.of([table, -table]))
        assert answer.equilibria
        assert all(e.utilities[0] == pytest.approx(-best.fun, abs=1e-8) for e in answer.equilibria)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5), st.integers(1, 4), st.sampled_from([1, 2, 3]))
@example(0, 4, 3, 1)
def test_vertices_are_the_feasible_solutions_of_square_systems(seed: int, m: int, n: int, levels: int) -> None:
    """Also where many inequalities bind at one vertex, or are the same."""
    table = 1 + np.random.default_rng(seed).integers(0, levels + 1, (m, n)) / levels
    normals, bounds = np.vstack([-np.eye(m), table.T]), np.r_[np.zeros(m), np.ones(n)]
    expected: list[Array] = []
    for rows in map(list, combinations(range(m + n), m)):
        if np.linalg.matrix_rank(normals[rows]) == m:
            corner = np.linalg.solve(normals[rows], bounds[rows])
            feasible = (normals @ corner <= bounds + 1e-9).all() and corner.max() > 1e-9
            if feasible and all(abs(corner - old).max() > 1e-7 for old in expected):
                expected.append(corner)
    found = vertices(table, Clock.of(10))
    assert found is not None
    assert len(found) == len(expected)
    assert all(abs(found - corner).max(1).min() < 1e-7 for corner in expected)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 8), st.integers(2, 8), st.booleans())
def test_lemke_howson_paths_end_in_vertices_that_are_equilibria(seed: int, m: int, n: int, ties: bool) -> None:
    """From every label; where nothing ties, each end is one of the extreme equilibria, found another way."""
    rng = np.random.default_rng(seed)
    game = scaled(NormalForm.of(rng.integers(0, 3, (2, m, n)) if ties else rng.random((2, m, n))))
    ends = list(lemke_howson(game, Clock.of(10)))
    assert len(ends) == m + n
    assert max(regrets(game, end).max() for end in ends) < ROUNDING
    if not ties:
        known = list(extreme(game, Clock.of(10)))
        for end in ends:
            assert min(max(abs(x - y).max() for x, y in zip(end, k, strict=True)) for k in known) < 1e-7


@pytest.mark.parametrize("sizes", [(4, 4), (3, 3, 3), (2, 3, 4), (3, 3, 3, 3), (5, 5, 5), (2,) * 6], ids=str)
@pytest.mark.parametrize("seed", range(2))
def test_logit_play_leads_to_an_equilibrium(sizes: tuple[int, ...], seed: int) -> None:
    game = scaled(NormalForm.of(random_game(seed, sizes)))
    end = logit_tracing(game, uniform(game), Clock.of(60))
    assert end is not None
    assert regrets(game, end).max() <= TOLERANCE


def test_a_symmetric_game_that_cycles_has_its_one_equilibrium() -> None:
    """Jordan 1993: 1 wants to be like 2, 2 like 3, 3 unlike 1."""
    like = np.eye(2)
    jordan = NormalForm.of(np.stack(np.broadcast_arrays(like[:, :, None], like[None], 1 - like[:, None])))
    assert not pure_nash(jordan).equilibria
    for solve in (nash, all_nash):
        answer = solve(jordan)
        assert len(answer.equilibria) == 1
        assert found_in(answer, uniform(jordan))
    for seed in range(3):
        prior = tuple(np.random.default_rng(seed).dirichlet(np.ones(2), 3))
        end = logit_tracing(scaled(jordan), prior, Clock.of(10))
        assert end is not None
        assert all(abs(x - 0.5).max() < ROUNDING for x in end)


@settings(deadline=None, max_examples=40)
@given(finite_games([(2, 3), (3, 2, 2), (2, 2, 2)]))
def test_newton_uses_the_derivatives_of_action_values(game: NormalForm) -> None:
    easy, rng, step = scaled(game), np.random.default_rng(0), 1e-6
    profile = tuple(rng.dirichlet(np.ones(size)) for size in game.sizes)
    _, slopes = values_and_slopes(easy, profile)
    for column in range(sum(game.sizes)):
        moved = np.concatenate(profile)
        moved[column] += step
        ahead, _ = values_and_slopes(easy, tuple(np.split(moved, np.cumsum(game.sizes)[:-1])))
        assert np.allclose((ahead - values_and_slopes(easy, profile)[0]) / step, slopes[:, column], atol=1e-8)


def test_polishing_refuses_what_is_near_no_equilibrium() -> None:
    pennies = NormalForm.of([[[1, 0], [0, 1]], [[0, 1], [1, 0]]])
    near = (np.array([0.501, 0.499]), np.array([0.47, 0.53]))
    assert polished(pennies, near) is not None
    assert polished(pennies, pure(pennies, (0, 0))) is None
    refused = newton(pennies, near, (np.array([True, False]), np.array([True, True])))
    assert refused is None


@pytest.mark.parametrize("scale", [1e-300, 1e-6, 1e6, 1e90], ids=str)
@pytest.mark.parametrize("name", ["stengel", "shapley-1974", "mckelvey-mclennan"])
def test_units_and_levels_of_payoffs_do_not_matter(name: str, scale: float) -> None:
    golden = next(golden for golden in GOLDEN if golden.name == name)
    table = np.asarray(golden.payoffs, dtype=float)
    moved = table * scale
    moved[0] = 3 * table[0] + 100  # the first player counts in other units than the rest
    game, plain = NormalForm.of(moved), golden.game
    for concept in ("pure_nash", "nash", "all_nash"):
        found, expected = EQUILIBRIA[concept](game).equilibria, EQUILIBRIA[concept](plain).equilibria
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert all(abs(x - y).max() < ROUNDING for x, y in zip(a.profile or (), b.profile or (), strict=True))


def test_a_small_player_beside_a_large_one_is_not_ignored() -> None:
    """Regrets are measured beside the player's own payoffs: 1e-6 is all that player 2 has to gain."""
    pennies = np.array([[1.0, -1.0], [-1.0, 1.0]])
    game = NormalForm.of([1e6 * pennies, -1e-6 * pennies])
    assert not pure_nash(game).equilibria
    assert all(found_in(solve(game), uniform(game)) for solve in (nash, all_nash))


def test_constant_payoffs_make_everything_an_equilibrium() -> None:
    for sizes in [(3, 3), (2, 2, 2), (4,)]:
        game = NormalForm.of(np.full((len(sizes), *sizes), 7.0))
        assert len(pure_nash(game).equilibria) == np.prod(sizes)
        answer = all_nash(game)
        assert len(answer.equilibria) >= np.prod(sizes)
        assert not answer.complete
        assert nash(game).equilibria


def test_identical_strategies_make_a_continuum_with_these_corners() -> None:
    doubled = np.array([[1.0, -1.0], [-1.0, 1.0], [1.0, -1.0]])
    answer = all_nash(NormalForm.of([doubled, -doubled]))
    assert not answer.complete
    corners = [((0.5, 0.5, 0), (0.5, 0.5)), ((0, 0.5, 0.5), (0.5, 0.5))]
    assert len(answer.equilibria) == 2
    assert all(found_in(answer, corner) for corner in corners)


@pytest.mark.parametrize(("payoffs", "count"), [([[3, 1, 2]], 1), ([[3, 1, 3]], 2), ([[5]], 1)], ids=str)
def test_one_player_takes_the_best(payoffs: list[list[float]], count: int) -> None:
    game = NormalForm.of(payoffs)
    for solve in (pure_nash, nash, all_nash):
        answer = solve(game)
        assert len(answer.equilibria) == count
        assert all(found.utilities[0] == max(payoffs[0]) for found in answer.equilibria)
    assert all_nash(game).complete == (count == 1)


def test_ties_are_listed_first_actions_first() -> None:
    game = NormalForm.of(coordination(3))
    chosen = [[int(x.argmax()) for x in found.profile or ()] for found in pure_nash(game).equilibria]
    assert chosen == [[0, 0], [1, 1], [2, 2]]
    listed = [np.concatenate(e.profile or ()).tolist() for e in all_nash(game).equilibria]
    assert listed == sorted(listed, reverse=True)


def test_a_solver_whose_time_is_up_says_so() -> None:
    no_pure = NormalForm.of(random_game(1, (5, 5, 5)))
    assert not pure_nash(no_pure).equilibria
    for solve in (nash, all_nash):
        answer = solve(no_pure, seconds=1e-9)
        assert answer.stopped == "the time limit of 1e-09 s ended the search"
        assert not answer.equilibria
        assert not answer.complete
    large = NormalForm.of(random_game(0, (12, 12)))
    assert all_nash(large, seconds=1e-3).stopped is not None


def test_loading_a_solver_is_nothing_of_the_time_for_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a new machine it is compiled first, which took ten seconds, all that the search had."""
    slow = cache(lambda: time.sleep(2.0) or follower())
    for module in ("simulate.equilibria.nash", "simulate.equilibria.solvers.lemke_howson"):
        monkeypatch.setattr(import_module(module), "follower", slow)
    answer = nash(NormalForm.of(coordination(2)), seconds=2.0)
    assert slow.cache_info().hits == 1
    assert answer.stopped is None
    assert answer.equilibria


def test_more_ties_than_memory_holds_are_cut_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("simulate.equilibria.pure_nash"), "MOST_NUMBERS", 40)
    game = NormalForm.of(np.zeros((2, 4, 4)))
    for solve in (pure_nash, nash, all_nash):
        assert solve(game).stopped == "only the first 2 of 16 pure equilibria are listed"
        assert not solve(game).complete


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), True], ids=str)
@pytest.mark.parametrize("solve", [nash, all_nash], ids=["nash", "all_nash"])
def test_a_time_limit_is_a_positive_number(solve, seconds: float) -> None:
    with pytest.raises(ValueError, match=r"seconds is .*; allowed are numbers above 0"):
        solve(NormalForm.of(coordination(2)), seconds=seconds)


@pytest.mark.parametrize("sizes", [(4, 4), (2, 2, 2)], ids=str)
def test_the_same_seed_gives_the_same_bytes(sizes: tuple[int, ...]) -> None:
    game = NormalForm.of(random_game(5, sizes))
    for solve in (nash, all_nash):
        first, second = solve(game, seed=3), solve(game, seed=3)
        assert [e.joint.tobytes() for e in first.equilibria] == [e.joint.tobytes() for e in second.equilibria]


def test_welfare_loss_is_measured_by_the_games_own_welfare() -> None:
    game = NormalForm.of(coordination(2))
    market = replace(game, welfare=np.array([[3.0, 1.0], [0.0, 2.0]]), optimum=4.0)
    assert [found.welfare_loss for found in pure_nash(market).equilibria] == [1.0, 2.0]


def test_two_players_with_too_many_vertices_are_told_so_within_the_time_limit() -> None:
    started = time.monotonic()
    answer = all_nash(NormalForm.of(random_game(0, (60, 60))), seconds=5)
    assert "vertices" in (answer.stopped or "") or "time limit" in (answer.stopped or "")
    assert not answer.complete
    assert time.monotonic() - started < 30
