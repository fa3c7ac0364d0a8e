"""The market as Mesa users expect it, and the numbers it keeps."""

from __future__ import annotations

import mesa
import numpy as np
import pandas as pd
import pytest
import torch

from mechanisms import MECHANISMS
from simulate.history import AGENT_COLUMNS, OUTCOME_COLUMNS
from simulate.load import load
from simulate.market import Market, MarketAgent
from simulate.metrics import METRICS
from simulate.metrics.convergence_round import convergence_round
from simulate.repeated_game import play
from simulate.scenario import build
from simulate.scenarios import SCENARIOS


def market(settings: dict | None = None) -> Market:
    return Market(build(load("two_camps", {"replicates": 3, **(settings or {})})))


def test_it_is_a_mesa_model() -> None:
    model = market({"agents.0.strategy": "truthful"})
    assert isinstance(model, mesa.Model)
    assert isinstance(model.agents, mesa.agent.AgentSet)
    assert len(model.agents) == 3
    liars = model.agents.select(lambda agent: agent.name != "left")
    assert len(liars) == 2
    collector = mesa.DataCollector(
        model_reporters={"loss": lambda m: float(m.history.of("welfare_loss")[-1].mean())},
        agent_reporters={"utility": "utility", "distance": "report_distance"},
    )
    for _ in range(4):
        model.step()
        collector.collect(model)
    assert model.steps == 4
    assert collector.get_model_vars_dataframe()["loss"].shape == (4,)
    frame = collector.get_agent_vars_dataframe().reset_index()
    last = frame[frame["Step"] == 4]["utility"].to_numpy()
    assert last == pytest.approx(model.history.of("utility")[-1].mean(0))
    assert model.agents.agg("payment", sum) == pytest.approx(model.history.of("revenue")[-1].mean())


def test_before_the_first_round_agents_have_no_numbers() -> None:
    (agent, *_) = market().agents
    assert isinstance(agent, MarketAgent)
    assert np.isnan(agent.utility)
    assert np.isnan(agent.report_weight)


def test_frames_are_tidy() -> None:
    model = market({"rounds": 2})
    model.step(), model.step()
    frame = model.history.agents_frame()
    assert list(frame.columns) == ["replicate", "round", "agent", *AGENT_COLUMNS]
    assert len(frame) == 3 * 2 * 3
    assert not frame.duplicated(["replicate", "round", "agent"]).any()
    row = frame[(frame.replicate == 2) & (frame["round"] == 1) & (frame.agent == "moderate")]
    assert row["utility"].item() == model.history.of("utility")[1, 2, 2]
    outcomes = model.history.outcomes_frame()
    assert list(outcomes.columns) == ["replicate", "round", *OUTCOME_COLUMNS]
    joined = frame.groupby(["replicate", "round"])["payment"].sum().to_numpy()
    assert joined == pytest.approx(outcomes.sort_values(["replicate", "round"])["revenue"].to_numpy())
    assert isinstance(frame, pd.DataFrame)


def test_utility_gain_is_against_truth_telling_by_the_same_others() -> None:
    """Recomputed by hand: play the round again with that agent truthful."""
    settings = {"agents.0.strategy": "overstate", "agents.1.strategy": "overstate", "agents.2.strategy": "truthful"}
    for payment in ("zero", "affine_maximizer"):
        lied = play("two_camps", {**settings, "mechanism.payment": payment, "rounds": 1, "replicates": 1})
        honest = play(
            "two_camps",
            {**settings, "agents.0.strategy": "truthful", "mechanism.payment": payment, "rounds": 1, "replicates": 1},
        )
        by_hand = lied.of("utility")[0, 0, 0] - honest.of("utility")[0, 0, 0]
        assert lied.of("utility_gain")[0, 0, 0] == pytest.approx(by_hand, abs=1e-12)
        assert (lied.of("utility_gain")[0, 0, 0] > 0) == (payment == "zero")


def test_welfare_loss_is_never_negative_and_zero_at_the_truth() -> None:
    lies = play("two_camps", {"rounds": 10, "replicates": 3, "mechanism.payment": "zero"})
    assert lies.of("welfare_loss").min() >= -1e-12
    truth = play("two_camps", {"rounds": 2, "replicates": 1, **{f"agents.{i}.strategy": "truthful" for i in range(3)}})
    assert abs(truth.of("welfare_loss")).max() <= 1e-12
    assert truth.of("report_distance").max() == 0.0


@pytest.mark.parametrize(("factor", "distance"), [(0.5, 0.5), (1.0, 0.0), (3.0, 2.0)])
def test_report_distance_counts_lies_in_both_directions(factor: float, distance: float) -> None:
    lie = {"agents.0.strategy": {"name": "overstate", "factor": factor}, "rounds": 1, "replicates": 1}
    assert play("two_camps", lie).of("report_distance")[0, 0, 0] == pytest.approx(distance)


def test_base_paper_table_1_in_the_setting_that_fits_it() -> None:
    """arXiv 2405.16276, Table 1 (published): utility gain x 1e2 by epsilon without payment; setting reconstructed."""
    for epsilon, published in ((0.01, 0.8667), (0.02, 1.3674), (0.05, 1.7978)):
        settings = {"replicates": 10_000, "agents.0.strategy": {"name": "sharpen", "epsilon": epsilon}}
        gains = 100 * play("paper_synthetic", settings).of("utility_gain")[0, :, 0]
        error = gains.std() / np.sqrt(len(gains))
        assert gains.mean() == pytest.approx(published, abs=4 * error)
        assert error < 0.05


def test_base_paper_table_1_with_payment() -> None:
    """The same table's second half, x 1e4: under the affine maximizer the lie costs."""
    settings = {"replicates": 4000, "agents.0.strategy": {"name": "sharpen", "epsilon": 0.02}}
    gains = (
        1e4 * play("paper_synthetic", {**settings, "mechanism.payment": "affine_maximizer"}).of("utility_gain")[0, :, 0]
    )
    assert gains.max() <= 1e-7
    assert gains.mean() == pytest.approx(-23.7334, abs=4 * gains.std() / np.sqrt(len(gains)))


DOWNLOADS = ("tuned_tones",)  # a language model


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n in DOWNLOADS)) for n in SCENARIOS])
def test_every_scenario_plays_a_round(name: str) -> None:
    smaller = {"agents.0.count": 50} if name == "crowd" else {}
    history = play(name, {"rounds": 1, "replicates": 2, **smaller})
    for metric in METRICS.values():
        assert metric.value(history).shape == (2,)
    assert np.isfinite(history.of("objective")).all()


@pytest.mark.parametrize("name", MECHANISMS)
def test_float32_plays_the_same_game(name: str) -> None:
    truthful = {f"agents.{i}.strategy": "overstate" for i in range(3)}
    settings = {"rounds": 2, "replicates": 2, "mechanism": name, **truthful}
    single, double = (play("two_camps", settings, dtype=kind) for kind in (torch.float32, torch.float64))
    for column in ("utility", "payment", "welfare_loss", "divergence"):
        assert single.of(column) == pytest.approx(double.of(column), abs=1e-4)


def test_drift_starts_each_round_from_the_last_policy() -> None:
    truthful = {f"agents.{i}.strategy": "truthful" for i in range(3)}
    model = market({"drift": True, **truthful})
    model.step()
    first = model.last.outcome.policy
    assert model.reference.policy is first
    model.step()
    assert model.history.of("divergence")[1].max() < model.history.of("divergence")[0].min()


def test_convergence_round_finds_where_a_series_settles() -> None:
    from simulate.history import History

    history = History(("a",), (0, 1))
    rng = np.random.default_rng(0)
    for t in range(100):
        level = np.array([[3.0 if t < 30 else 0.0], [rng.random() * 10]])
        for name in history.rounds:
            history.rounds[name].append(level)
        for name in history.outcomes:
            history.outcomes[name].append(level[:, 0])
    settled, never = convergence_round(history)
    assert 26 <= settled <= 31
    assert np.isnan(never)
