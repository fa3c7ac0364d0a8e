"""Every figure of the catalogue draws, says what it shows, and is the same every time; what they need is bounded."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
import torch

from mechanisms.reference import Reference, Responses
from mechanisms.valuation import Valuation
from reports.drawing import svg
from reports.figures import FIGURES
from reports.figures.base import ranked_by
from reports.figures.before_and_after import BEFORE_AND_AFTER, MOST_BARS
from reports.figures.plane import CORNERS, plane_of
from reports.figures.revenue_frontier import REVENUE_FRONTIER
from reports.games import Game, read_games
from reports.study import study_of
from simulate.contest import compare, write_contest
from simulate.engines.serial import serial
from simulate.history import joined
from simulate.jobs import jobs_of, played_by
from simulate.last_policies import MOST_ROWS, last_policies
from simulate.load import load
from simulate.metrics import METRICS
from simulate.report_paths import MOST_AGENTS, MOST_NUMBERS, MOST_REPLICATES, MOST_RESPONSES, joined_paths, report_paths
from simulate.statistics import estimate, mean_intervals, performance_profile

STARTED = datetime(2025, 1, 1, tzinfo=UTC)
NAMES = ["no_payment", "vcg", "median"]
AGENTS = ("_under $x$", "<script>", "漢字\u202e\x1b[31m", "long " * 19, "{{ 7*7 }}")
TEXTS = [
    "<script>alert(1)</script>",
    "</style>{{7*7}} $\\input{x}$",
    "_=cmd() " + "very long " * 40,
    "漢\u202e\x1b[m",
    "a",
]
NO_INTERVAL = {"externalities", "payoffs", "phase"}  # computed, of replicate 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("runs") / "contest"
    write_contest(place, compare("two_camps", NAMES, {"rounds": 5, "replicates": 4}), STARTED, {"device": "cpu"})
    return place


@pytest.fixture(scope="module")
def games(folder):
    return study_of(read_games([folder])).games


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    agents = [{"name": n, "rewards": list(np.eye(5)[i]), "strategy": "overstate"} for i, n in enumerate(AGENTS)]
    scenario = {"name": "names", "reference": {"responses": TEXTS}, "agents": agents, "exploitability": 0}
    place = tmp_path_factory.mktemp("runs") / "hostile"
    write_contest(place, compare(scenario, ["vcg", "no_payment"], {"rounds": 2, "replicates": 2}), STARTED, {})
    return study_of(read_games([place])).games


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_draws_and_says_what_it_shows(name: str, games: tuple[Game, ...]) -> None:
    figure = FIGURES[name]
    assert figure.missing(games) is None
    image = svg(figure.draw(games))
    ET.fromstring(image)
    assert len(image) < 150_000
    caption = figure.caption(games)
    assert "n = " in caption or name in NO_INTERVAL
    assert re.search(r"interval|interquartile|replicate 0", caption)
    assert figure.finding(games).endswith(".")
    assert len(figure.finding(games)) > 30
    frame = figure.data(games)
    assert len(frame)
    pd.testing.assert_frame_equal(frame, figure.data(games))
    assert "mechanism" not in frame or set(frame["mechanism"]) == set(NAMES)


@pytest.mark.parametrize("name", FIGURES)
def test_hostile_names_are_drawn_as_text(name: str, hostile: tuple[Game, ...]) -> None:
    figure = FIGURES[name]
    if (reason := figure.missing(hostile)) is not None:
        assert reason.endswith(".") or "not measured" in reason
        return
    image = svg(figure.draw(hostile)).decode()
    assert not {"<script", "\x1b", "\u202e"} & {found for found in ("<script", "\x1b", "\u202e") if found in image}
    root = ET.fromstring(image)
    assert {element.tag.rpartition("}")[2] for element in root.iter()}.isdisjoint(
        {"script", "foreignObject", "image", "a"}
    )
    if name in ("who_gains", "payments_and_utilities", "where_reports_move"):
        said = " ".join("".join(element.itertext()) for element in root.iter())
        assert all(part in said for part in ("_under $x$", "<script>", "漢字"))


def test_text_in_a_figure_keeps_its_digits(games) -> None:
    figure = FIGURES["lies"].draw(games)
    figure.axes[0].set_title('d="1.23456"')
    assert 'd="1.23456"' in "".join(ET.fromstring(svg(figure)).itertext())


def test_one_game_and_one_replicate_say_why_not(tmp_path) -> None:
    scenario = {"reference": [0.2, 0.8], "agents": [{"rewards": [1.0, 0.0], "strategy": "overstate"}], "rounds": 1}
    write_contest(tmp_path / "one", compare(scenario, ["vcg"], {"replicates": 1}), STARTED, {})
    (game,) = read_games([tmp_path / "one"])
    for name, figure in FIGURES.items():
        if (reason := figure.missing([game])) is None:
            assert b"<svg" in svg(figure.draw([game])), name
            assert not re.search(r"\b(nan|None|inf)\b", figure.caption([game]) + figure.finding([game])), name
        else:
            assert reason
    for name in ("rank_over_rounds", "revenue_frontier", "performance_profiles"):
        assert str(FIGURES[name].missing([game])).startswith("Not drawn: ")


def test_folders_of_earlier_versions_draw_nothing_and_say_why(folder, tmp_path) -> None:
    shutil.copytree(folder / "vcg", tmp_path / "vcg")
    for name in ("reports.parquet", "policies.parquet"):
        (tmp_path / "vcg" / name).unlink()
    old = read_games([tmp_path / "vcg"])
    assert "reports.parquet" in str(FIGURES["where_reports_move"].missing(old))
    assert "policies.parquet" in str(BEFORE_AND_AFTER.missing(old))


def test_the_gain_drawn_is_the_verdicts(games) -> None:
    frame = FIGURES["manipulation_gain"].data(games)
    for game in games:
        own = frame.loc[frame["mechanism"] == game.name, "gain"].to_numpy()
        np.testing.assert_array_equal(own, METRICS["utility_gain"].value(game.history))


def test_the_profile_is_a_share_with_a_band_around_it(games) -> None:
    frame = FIGURES["performance_profiles"].data(games)
    assert ranked_by(games) == "social_welfare"
    for row in frame.itertuples():
        (game,) = [game for game in games if game.name == row.mechanism]
        assert row.share == np.mean(METRICS["social_welfare"].value(game.history) >= row.threshold)
    assert (frame["low"] <= frame["share"]).all()
    assert (frame["share"] <= frame["high"]).all()
    ends = frame.groupby("mechanism")["share"].agg(["first", "last"])
    assert (ends == [1.0, 0.0]).to_numpy().all()


def test_profiles_and_intervals_of_the_mean() -> None:
    values = np.array([1.0, 2.0, 3.0, np.nan])
    share, low, high = performance_profile(values, np.array([0.0, 2.0, 3.5]))
    assert share.tolist() == [0.75, 0.5, 0.0]
    assert low[2] == high[2] == 0
    assert low[1] < 0.5 < high[1]
    low, high = mean_intervals(np.full((7, 1), 3.0))
    assert (low[0], high[0]) == (3.0, 3.0)
    draws = np.random.default_rng(3).normal(5.0, 2.0, (400, 2))
    low, high = mean_intervals(draws, 1)
    centre, half = draws.mean(0), 1.96 * draws.std(0) / 20
    np.testing.assert_allclose(low, centre - half, atol=0.03)
    np.testing.assert_allclose(high, centre + half, atol=0.03)


def test_ranks_are_those_of_a_loop(games) -> None:
    frame = FIGURES["rank_over_rounds"].data(games)
    last = {game.name: game.history.of("social_welfare")[-1].round(9) for game in games}
    for name, own in last.items():
        ranks = [1 + sum((o > w) + 0.5 * (o == w) for k, o in ((k, v[b]) for k, v in last.items()) if k != name)
                 for b, w in enumerate(own)]  # fmt: skip
        drawn = frame.loc[frame["mechanism"] == name, "rank"].iloc[-1]
        assert drawn == pytest.approx(np.mean(ranks))


def test_nobody_on_the_frontier_is_beaten_both_ways(games) -> None:
    frame = REVENUE_FRONTIER.data(games).set_index("mechanism")
    for name, row in frame.iterrows():
        beaten = [
            (other["revenue"] - row["revenue"], other["social_welfare"] - row["social_welfare"])
            for key, other in frame.iterrows()
            if key != name
        ]
        assert row["dominated"] == any(min(gaps) >= -1e-9 and max(gaps) > 1e-9 for gaps in beaten)
    assert not frame["dominated"].all()
    for game in games:
        found = estimate(METRICS["revenue"].value(game.history), game.config.seed)
        assert (frame.loc[game.name, "revenue"], frame.loc[game.name, "revenue_low"]) == (found.iqm, found.low)


def test_claims_are_the_recorded_ones(games) -> None:
    frame = FIGURES["claims_matrix"].data(games).set_index(["mechanism", "axiom"])
    assert frame.loc[("vcg", "incentive_compatible"), "status"] == "proved"
    assert frame.loc[("no_payment", "incentive_compatible"), "status"] == "refuted"
    assert frame.loc[("no_payment", "incentive_compatible"), "violation"] == pytest.approx(1.15)


def test_reports_kept_are_those_made(folder, games) -> None:
    kept = pd.read_parquet(folder / "no_payment" / "reports.parquet")
    rounds = pd.read_parquet(folder / "no_payment" / "rounds.parquet")
    assert kept["replicate"].nunique() == MOST_REPLICATES
    sums = kept.assign(gap=(kept["reported"] - kept["true"]).abs(), size=kept["true"].abs())
    sums = sums.groupby(["replicate", "round", "agent"], observed=True)[["gap", "size"]].sum().reset_index()
    both = sums.merge(rounds, on=["replicate", "round", "agent"])
    assert len(both) == 5 * MOST_REPLICATES * 3
    np.testing.assert_allclose(both["gap"] / both["size"], both["report_distance"], atol=1e-6)
    frame = FIGURES["where_reports_move"].data(games)
    assert len(frame) == 3 * len(both)
    moved = frame.groupby("mechanism")[["x", "y"]].agg(np.ptp).sum(axis=1)
    assert moved["no_payment"] > 0


def test_kept_tensors_do_not_depend_on_who_plays_them() -> None:
    config = load("two_camps", {"rounds": 3, "replicates": 5, "exploitability": 0})
    whole, parts = (
        joined(played_by(serial, jobs_of(config, batch, torch.float64, "cpu"), lambda rounds: None))
        for batch in (None, 2)
    )
    pd.testing.assert_frame_equal(whole.paths.frame(), parts.paths.frame())
    pd.testing.assert_frame_equal(whole.policies.frame(0), parts.policies.frame(0))


@pytest.mark.parametrize(("agents", "responses", "rounds"), [(3, 5, 10_000), (40, 500, 50), (2, 20_000, 9), (1, 2, 1)])
def test_paths_are_bounded(agents: int, responses: int, rounds: int) -> None:
    truth = Valuation(torch.rand(4, agents, 1, responses), torch.ones(4, agents))
    names = tuple(f"a{i}" for i in range(agents))
    paths = report_paths(truth, names, (0, 1, 2, 3), 4, rounds)
    numbers = len(paths.rounds) * MOST_REPLICATES * min(agents, MOST_AGENTS) * len(paths.cells)
    assert numbers <= MOST_NUMBERS
    assert (paths.rounds[0], paths.rounds[-1]) == (0, rounds - 1)
    assert len(paths.cells) == len(set(paths.cells)) == min(responses, MOST_RESPONSES)
    seen = paths.followed(0, truth, truth)
    frame = seen.frame()
    assert len(frame) == numbers // len(paths.rounds)
    assert frame["response"].max() == responses - 1
    where = frame.iloc[len(frame) // 2]
    i = names.index(where["agent"])
    assert where["true"] == pytest.approx(float(truth.rewards[where["replicate"], i, 0, where["response"]]), abs=1e-6)
    assert joined_paths([seen, report_paths(truth, names, (4, 5), 6, rounds)]) is not None


def test_policies_kept_are_those_that_moved_most() -> None:
    reference = Reference.of(torch.full((1, 4000), 1 / 4000, dtype=torch.float64))
    policy = torch.full((3, 1, 4000), 0.5 / 3999, dtype=torch.float64)
    policy[:, :, 1234] = 0.5
    frame = last_policies(reference, policy, (0, 1, 2)).frame(0)
    assert len(frame) == MOST_ROWS
    assert frame.loc[frame["response"] == 1234, ["policy", "low", "high"]].to_numpy().tolist() == [[0.5, 0.5, 0.5]]
    assert frame["text"].isna().all()
    said = Reference(reference.policy[:, :2] * 2000, reference.prompt_weights, Responses(("",), (("yes", "x" * 9999),)))
    texts = last_policies(said, policy[..., :2], (0, 1, 2)).frame(0)["text"]
    assert texts[0] == "yes"
    assert len(texts[1]) < 1000


def test_bars_are_the_policies(folder, games) -> None:
    frame = BEFORE_AND_AFTER.data(games)
    assert len(frame) <= len(games) * MOST_BARS
    for name, own in frame.groupby("mechanism"):
        kept = pd.read_parquet(folder / str(name) / "policies.parquet")
        assert own["policy"].sum() == pytest.approx(1)
        merged = own.merge(kept, on=["prompt", "response"])
        np.testing.assert_array_equal(merged["policy_x"], merged["policy_y"])
        assert ((own["low"] <= own["policy"] + 1e-12) & (own["policy"] <= own["high"] + 1e-12)).all()


def test_a_response_that_one_run_has_not_kept_has_no_bar_there(folder, tmp_path) -> None:
    """As on a pool, of which every run keeps the responses that it moved most itself."""
    place = shutil.copytree(folder, tmp_path / "contest")
    kept = pd.read_parquet(place / "vcg" / "policies.parquet")
    kept.iloc[2:].to_parquet(place / "vcg" / "policies.parquet")
    some = read_games([place])
    drawn = [bar for bar in BEFORE_AND_AFTER.draw(some).axes[0].patches if bar.get_width() == bar.get_width()]
    assert len(drawn) == len(kept) + len(BEFORE_AND_AFTER.data(some))
    assert "2 bars are missing" in BEFORE_AND_AFTER.caption(some)
    assert "missing" not in BEFORE_AND_AFTER.caption(read_games([folder]))


def test_planes() -> None:
    corners = plane_of(np.eye(3) * [[1], [2], [5]], three=True)
    np.testing.assert_allclose(corners.places(np.eye(3) * 7), CORNERS)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(50, 6)) * [9, 3, 0.1, 0.1, 0.1, 0.1]
    plane = plane_of(points, three=False)
    found = plane.places(points)
    for axis in (0, 1):  # with its sign: the largest coordinate of a component is positive
        assert np.corrcoef(found[:, axis], points[:, axis])[0, 1] > 0.99
    assert re.search(r"\d\d% and \d+%", plane.said)
    line = np.outer(np.arange(5.0), [1, 1])
    assert np.ptp(plane_of(line, three=False).places(line), axis=0)[1] == 0
