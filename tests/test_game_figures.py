"""Pictures of games show the game: marks are where payoffs put them, and the same game is the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.patches import Rectangle
from matplotlib.quiver import Quiver

from reports.drawing import svg
from reports.figures import FIGURES
from reports.figures.empirical import two_actions, two_players
from reports.figures.payoff_heat_map import PAYOFFS, heat_map
from reports.figures.phase_portrait import PHASE, portrait
from reports.games import read_games
from reports.report import write_report
from simulate.contest import compare, write_contest
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.report_game import report_game
from simulate.scenario import build

STARTED = datetime(2025, 1, 1, tzinfo=UTC)
DILEMMA = [[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]]
PENNIES = [[[1, -1], [-1, 1]], [[-1, 1], [1, -1]]]
PICTURES = {"heat_map": heat_map, "portrait": portrait}


def played(folder, mechanisms, scenario="two_camps", **options):
    write_contest(
        folder, compare(scenario, mechanisms, {"rounds": 2, "replicates": 2, **options}), STARTED, {"device": "cpu"}
    )
    return read_games([folder])


@pytest.fixture(scope="module")
def games(tmp_path_factory):
    return played(tmp_path_factory.mktemp("runs") / "contest", ["no_payment", "vcg", "nash_welfare"])


def outlined(axes):
    return sorted((p.get_y(), p.get_x()) for p in axes.patches if isinstance(p, Rectangle))


def dots(axes):
    return sorted((int(y), int(x)) for line in axes.lines for x, y in zip(*line.get_data(), strict=True))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([(2, 2), (3, 2), (2, 4)]))
def test_dots_are_best_replies_and_frames_are_where_both_have_one(seed, sizes):
    table = np.random.default_rng(seed).integers(0, 4, (2, *sizes)).astype(float)
    first, second = heat_map(NormalForm.of(table)).axes
    cells = [(a, b) for a in range(sizes[0]) for b in range(sizes[1])]
    best = [
        [(a, b) for a, b in cells if table[0, a, b] == table[0, :, b].max()],
        [(a, b) for a, b in cells if table[1, a, b] == table[1, a, :].max()],
    ]
    assert [dots(first), dots(second)] == best
    assert outlined(first) == outlined(second) == sorted(set(best[0]) & set(best[1]))


def test_cells_say_the_payoffs():
    axes = heat_map(NormalForm.of(DILEMMA)).axes
    assert [text.get_text() for text in axes[0].texts] == ["-2", "-10", "0", "-5"]
    assert [text.get_text() for text in axes[1].texts] == ["-2", "0", "-10", "-5"]
    assert len(heat_map(NormalForm.of(np.random.default_rng(0).random((2, 9, 9)))).axes) == 4  # two colour bars


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_arrows_are_the_replicator_and_sinks_are_filled(scale):
    (axes,) = portrait(NormalForm.of(scale * np.array(DILEMMA, dtype=float))).axes
    (arrows,) = [one for one in axes.collections if isinstance(one, Quiver)]
    x, y = arrows.get_offsets().T
    toward = np.stack([x * (1 - x) * (-2 * y - 5 * (1 - y)), y * (1 - y) * (-2 * x - 5 * (1 - x))])
    expected = toward / np.hypot(*toward)
    np.testing.assert_allclose([arrows.U, arrows.V], expected, atol=1e-9)
    still, sinks = (one.get_offsets() for one in axes.collections if not isinstance(one, Quiver))
    assert sorted(map(tuple, np.round(still, 9))) == [(0, 1), (1, 0), (1, 1)]
    assert np.allclose(sinks, [[0, 0]])


def test_matching_pennies_have_no_sink_but_a_centre():
    (axes,) = portrait(NormalForm.of(PENNIES)).axes
    still, sinks = (one.get_offsets() for one in axes.collections if not isinstance(one, Quiver))
    assert len(sinks) == 0
    assert [0.5, 0.5] in np.round(still, 9).tolist()


def test_others_keep_to_the_first_pure_equilibrium():
    table = np.zeros((3, 2, 3, 3))
    table[0, 1] = table[1, :, 2] = table[2, :, :, 1] = 1.0  # everybody has a dominant action: 1, 2, 1
    table[1] += 10 * np.arange(2)[:, None, None]
    game = NormalForm.of(table)
    part = two_players(game)
    assert (part.who, part.others) == ((1, 2), "player-1 plays action-2")
    np.testing.assert_array_equal(part.game.payoffs, table[1:, 1])
    assert np.argwhere(part.stable).tolist() == [[2, 1]]
    assert two_actions(game).actions == ([0, 2], [0, 1])
    cycle = NormalForm.of(np.concatenate([np.array(PENNIES)[..., None].repeat(2, -1), np.zeros((1, 2, 2, 2))]))
    assert two_players(cycle).others == "player-3 plays action-1"
    assert not two_players(cycle).stable.any()


def test_a_frame_is_an_equilibrium_of_the_whole_game():
    table = np.zeros((3, 2, 2, 2))
    table[2] = np.array([[[0, 1], [1, 0]], [[1, 0], [0, 1]]])  # the third player's wish depends on the others
    part = two_players(NormalForm.of(table))
    assert part.others == "player-3 plays action-2"
    assert part.stable.tolist() == [[True, False], [False, True]]


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_refused_or_drawn_for_any_game(name):
    picture = PICTURES[name]
    for table in (np.zeros((2, 2, 2)), np.full((2, 3, 3), 1e-100), np.random.default_rng(1).random((4, 2, 3, 2, 3))):
        assert svg(picture(NormalForm.of(table))).startswith(b"<?xml")
    for broken in (np.zeros((1, 3)), np.full((2, 2, 2), np.nan)):
        with pytest.raises(ValueError, match="two players and finite"):
            picture(NormalForm.of(broken))
    with pytest.raises(ValueError, match="two actions"):
        portrait(NormalForm.of(np.zeros((2, 3, 1))))


@pytest.mark.parametrize("name", PICTURES)
def test_same_game_same_bytes_and_hostile_names_are_text(name):
    table = np.array(DILEMMA, dtype=float)
    hostile = ("$\\frac{1}$<script>", "</svg>\u202e&amp;" + "x" * 90)
    game = NormalForm(table, hostile, (hostile, hostile[::-1]), table.sum(0), 0.0)
    figure = PICTURES[name](game, "$a_b$</text>")
    first = svg(figure)
    assert first == svg(PICTURES[name](game, "$a_b$</text>"))
    assert b"<script" not in first
    assert "\u202e" not in first.decode()
    words = " ".join([axes.get_xlabel() + axes.get_title() for axes in figure.axes])
    assert "$a_b$" in words
    assert len(words) < 400


@pytest.mark.parametrize("illustration", [PAYOFFS, PHASE], ids=["payoffs", "phase"])
def test_a_report_says_what_is_drawn(games, illustration):
    assert illustration.missing(games) is None
    assert svg(illustration.draw(games)) == svg(illustration.draw(games))
    said = illustration.caption(games)
    assert "replicate 0" in said
    assert "moderate plays truth under vcg" in said
    assert illustration.finding(games).count("Under ") == 3
    assert set(illustration.data(games)["mechanism"]) == {"no_payment", "vcg", "nash_welfare"}


def test_vcg_is_truthful_and_no_payment_is_not(games):
    seen = PAYOFFS.finding(games)
    assert "Under vcg the truth is everybody's best reply" in seen
    assert "Under no_payment nobody gains by moving alone only where weight x5 is reported by 2 of 3 agents" in seen
    assert "Under vcg play is drawn to left at truth with right at truth." in PHASE.finding(games)
    assert "Under no_payment play is drawn to left at weight x5 with right at weight x5." in PHASE.finding(games)


def test_a_sink_between_two_reports_that_a_third_undoes_is_said_so(tmp_path):
    agv = played(tmp_path / "agv", ["agv"], "free_rider")
    assert "gains by moving from any profile" in PAYOFFS.finding(agv)
    assert "another report than these would pay somebody more" in PHASE.finding(agv)


def test_the_frame_is_the_game_of_reports(games):
    frame = PAYOFFS.data(games)
    for game in games:
        found = report_game(build(game.config), ["overstate"]).game()
        own = frame[(frame["mechanism"] == game.name) & (frame["player"] == "right")]
        expected = found.payoffs[1, :, :, _kept(found)]
        np.testing.assert_allclose(own["utility"].to_numpy().reshape(expected.shape), expected, atol=1e-9)


def _kept(game):
    """The third player's action where all three have a best reply, by a loop."""
    for cell in np.ndindex(*game.sizes):
        rivals = [[(*cell[:i], a, *cell[i + 1 :]) for a in range(game.sizes[i])] for i in range(3)]
        if all(game.payoffs[i][cell] >= max(game.payoffs[i][c] for c in rivals[i]) - 1e-12 for i in range(3)):
            return cell[2]
    raise AssertionError("no pure equilibrium")


def test_what_cannot_be_drawn_is_said(tmp_path):
    crowd = played(tmp_path / "crowd", ["vcg"], "crowd", **{"agents.0.count": 40})
    assert "2 to 6 agents, and there are 40" in PAYOFFS.missing(crowd)
    several = played(tmp_path / "several", ["dynamic_pivot"])
    assert "several rounds" in PHASE.missing(several)
    both = played(tmp_path / "both", ["dynamic_pivot", "vcg"])
    assert PAYOFFS.missing(both) is None
    assert "Not shown: dynamic_pivot" in PAYOFFS.caption(both)
    assert {"payoffs", "phase"} <= set(FIGURES)


def test_a_game_too_large_is_left_out(tmp_path, monkeypatch):
    large = played(tmp_path / "large", ["vcg", "nash_welfare"], "free_rider", seed=7)
    monkeypatch.setattr("reports.figures.empirical.MOST_PLAYED", 1000)
    assert "Not shown: nash_welfare" in PHASE.caption(large)
    monkeypatch.setattr("reports.figures.empirical.MOST_MULTIPLIED", 1000)
    alone = played(tmp_path / "alone", ["vcg"], "free_rider", seed=8)
    assert "too many" in PAYOFFS.missing(alone)
    assert "too many" in write_report([tmp_path / "alone"]).read_text()
