"""Experiments beyond the paper: known limits, invariants, and numbers worked out another way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from typer.testing import CliRunner

from mechanisms import DIVERGENCES
from mechanisms.base import utility
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.checkpoints import checkpoints
from mechanisms.payments.early_stopped import early_stopped
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from reports.beyond import PICTURES
from reports.beyond.base import caption, finding, picture
from reports.cli.app import app
from simulate.beyond import BEYOND, collusion, drift, heuristics, one_fine_tune, repeated
from simulate.beyond.base import Found, counted, ratio
from simulate.beyond.games import Games, drawn, incentive_gap, welfare_mechanism
from simulate.beyond.repeated import NO_PAYMENT, PAYMENT, under
from simulate.errors import BadInput

ROOT = Path(__file__).parent.parent
FEW = 6


@pytest.fixture(scope="session")
def games() -> Games:
    return drawn(3, FEW)


@pytest.fixture(scope="session")
def found() -> dict[str, Found]:
    """Every experiment but the slow one, on a few games and a few points."""
    with pytest.MonkeyPatch.context() as fewer:
        fewer.setattr(drift, "ROUNDS", (1, 2, 4))
        fewer.setattr(drift, "PLANNED", (1, 2))
        fewer.setattr(heuristics, "STEPS", (1, 8, 64))
        fewer.setattr(collusion, "BETAS", (0.1, 0.3))
        fewer.setattr(collusion, "NAMES", (1, 2, 8))
        return {name: BEYOND[name].run(3, 4) for name in BEYOND if name != "repeated"}


def exact(games: Games, beta: float) -> torch.Tensor:
    """The affine maximizer's payments from logarithms of partition functions, game by game in numpy."""
    reference, truth = games.reference.policy[:, 0].numpy(), games.truth
    paid = np.zeros(truth.weights.shape)
    for b in range(len(paid)):
        worth = truth.weights[b, :, None].numpy() * truth.rewards[b, :, 0].numpy()
        totals = np.stack([worth.sum(0), *(worth.sum(0) - worth)])  # of all, and without each
        odds = reference[b] * np.exp(totals / beta)
        height = beta * np.log(odds.sum(1))
        paid[b] = height[1:] - height[0] + worth @ (odds[0] / odds[0].sum())
    return torch.from_numpy(paid)


def test_more_games_begin_with_the_same_ones(games: Games) -> None:
    more = drawn(3, FEW + 2)
    assert torch.equal(more.truth.rewards[:FEW], games.truth.rewards)
    assert torch.equal(more.reference.policy[:FEW], games.reference.policy)
    assert not torch.equal(drawn(4, FEW).truth.rewards, games.truth.rewards)
    assert torch.allclose(games.truth.rewards.amax(-1), torch.ones(()).double())


def test_long_runs_pay_what_the_affine_maximizer_pays(games: Games) -> None:
    target = exact(games, heuristics.BETA)
    for pay in (affine_maximizer, partial(early_stopped, fraction=0.5)):
        off = [float((heuristics.payments(games, steps, pay) - target).abs().max()) for steps in (8, 64, 512)]
        assert off[0] > off[1] > off[2]
        assert off[2] < 1e-9
    # checkpoints do not: their range is one path, which need not pass the others' optimum
    stuck = heuristics.payments(games, 512, checkpoints)
    assert ((target - stuck) > 0.01).any()
    assert (stuck <= target + 1e-9).all()


def test_checkpoints_never_pay_and_early_stops_do(games: Games) -> None:
    for steps in heuristics.STEPS:
        assert (heuristics.payments(games, steps, checkpoints) >= 0).all()
    assert (heuristics.payments(games, 64, partial(early_stopped, fraction=1 / 64)) < -0.01).any()


def test_what_is_paid_out_is_the_rest_of_what_is_collected(found: dict[str, Found]) -> None:
    seen, x = found["heuristics"], 1 + 4 / 64
    where = heuristics.FINISHED
    collected = seen.at(heuristics.REVENUE + where, "early-stopped", x).value
    assert seen.at(heuristics.REFUND + where, "early-stopped", x).value >= -collected > 0
    assert seen.at(heuristics.REFUND + where, heuristics.CHECKPOINTS, 1.0).value == 0


def test_who_gains_by_lying_to_a_heuristic(games: Games) -> None:
    """The deployed model trained out: early-stopped bills leave nothing to gain, whatever the fraction."""
    tuner = replace(heuristics.mirror(1), steps=400)
    gaps = {
        fraction: incentive_gap(welfare_mechanism(tuner, partial(early_stopped, fraction=fraction)), games)
        for fraction in (1 / 400, 0.1, 1.0)
    }
    assert all((gap < 1e-9).all() for gap in gaps.values())
    assert (incentive_gap(welfare_mechanism(tuner, checkpoints), games) > 0.05).any()
    short = welfare_mechanism(heuristics.mirror(4), affine_maximizer)
    gap, bound = incentive_gap(short, games), SocialWelfare(heuristics.mirror(4)).gap(games.reference, games.truth)
    assert (gap <= bound + 1e-12).all()
    assert (gap > 0.5 * bound).any()  # and the search is not idle
    same = incentive_gap(welfare_mechanism(heuristics.mirror(4), partial(early_stopped, fraction=0.5)), games)
    assert torch.allclose(gap, same, atol=1e-9)  # one search serves every fraction


def test_errors_fall_as_one_over_the_root_of_the_samples() -> None:
    many = drawn(5, 60)
    target = one_fine_tune.exact_payments(many, 1.0)
    assert torch.allclose(target, exact(many, 1.0), atol=1e-12)
    sizes = one_fine_tune.SAMPLES
    for way in (one_fine_tune.from_one_fine_tune, one_fine_tune.from_leave_one_out):
        errors = [(way(many, 1.0, size) - target).abs().mean(-1) for size in sizes]
        fall = one_fine_tune.power("", errors)
        assert fall.value == pytest.approx(-0.5, abs=0.06)
        assert fall.low < fall.value < fall.high
        off = (way(many, 1.0, sizes[-1]) - target).mean(-1)
        assert off.mean().abs() < 4 * off.std() / len(off) ** 0.5  # no bias
    halved = [torch.ones(3).double() * size**-0.5 for size in sizes]
    assert one_fine_tune.power("", halved).high == pytest.approx(-0.5)


def test_one_fine_tune_is_nearest_for_its_compute(found: dict[str, Found]) -> None:
    seen, by = found["one-fine-tune"], one_fine_tune.BY_COMPUTE
    one, dearer = seen.at(by, one_fine_tune.ONE, 1.0), seen.at(by, one_fine_tune.LEAVE_ONE_OUT, 1.25)
    assert one.value < 0.01 < 0.1 < dearer.value
    assert seen.at(by, one_fine_tune.LEAVE_ONE_OUT, 5.0).value < 0.01
    refused = [seen.at(one_fine_tune.REFUSED, one_fine_tune.ONE, beta).value for beta in one_fine_tune.BETAS]
    assert refused == sorted(refused, reverse=True)
    assert refused[0] == 1
    assert refused[-1] == 0
    again = BEYOND["one-fine-tune"].run(3, seen.games)
    assert again.frame().equals(seen.frame())  # the same seed, the same numbers


@pytest.mark.parametrize("beta", [0.1, 1.0])
def test_one_member_gains_nothing_and_nobody_more_than_everything(games: Games, beta: float) -> None:
    mechanism = welfare_mechanism(Exact(DIVERGENCES["kl"](), beta), affine_maximizer)
    alone, pair = (collusion.Members.of(games, size) for size in (1, 2))
    assert (collusion.gained(mechanism, alone).abs() < 1e-12).all()
    gained, most = collusion.gained(mechanism, pair).mean(), collusion.cap(mechanism, pair).mean()
    assert 0.1 < gained <= most + 1e-9
    named = collusion.Members.of(collusion.with_aliases(games, 1), 2)
    assert 0.1 < collusion.gained(mechanism, named).mean() <= collusion.cap(mechanism, alone).mean() + 1e-9


def test_two_need_loud_reports(games: Games) -> None:
    """Where one member alone at the largest weight still decides, its fellow is pivotal for nothing."""
    mechanism = welfare_mechanism(Exact(DIVERGENCES["kl"](), 3.0), affine_maximizer)
    pair = collusion.Members.of(games, 2)
    quiet = float(collusion.gained(mechanism, pair).mean())
    louder = replace(games, messages=replace(games.messages, max_weight=1000.0))
    loud = float(collusion.gained(mechanism, collusion.Members.of(louder, 2)).mean())
    assert 0 < quiet < 0.2 * loud
    assert loud == pytest.approx(float(collusion.cap(mechanism, pair).mean()), rel=0.05)


def test_what_many_names_pay(games: Games) -> None:
    """Var_p(t) / (2 beta k), and k times the exact second difference before that."""
    mechanism = welfare_mechanism(Exact(DIVERGENCES["kl"](), 0.3), affine_maximizer)
    one = mechanism(games.reference, games.truth).payments[:, 0]
    bills = [collusion.split_bill(mechanism, games, names) for names in (1, 2, 16, 512)]
    assert torch.allclose(bills[0], one)
    assert all((later < earlier).all() for earlier, later in pairwise(bills))
    assert torch.allclose(bills[-1], collusion.split_law(mechanism, games, 0.3, 512), rtol=0.01, atol=0)


def test_drift_is_a_regulariser_that_fades(games: Games) -> None:
    policies = drift.drifted(games, 5)
    for t in (1, 3, 5):
        weaker = Exact(DIVERGENCES["kl"](), drift.BETA / t)(games.reference, games.truth.total)
        assert torch.allclose(policies[t - 1], weaker, atol=1e-12)
    assert torch.equal(drift.drifted(games, 2, drifts=False)[0], drift.drifted(games, 2, drifts=False)[1])


def test_patience_pays_only_where_the_reference_drifts(games: Games) -> None:
    fair, free = (drift.unplanned(name) for name in ("affine maximizer", "no payment"))
    assert (drift.patient_gain(fair, games, 4, drifts=False) < 1e-12).all()
    assert (drift.patient_gain(fair, games, 1, drifts=True) < 1e-12).all()
    assert (drift.patient_gain(fair, games, 3, drifts=True) > 0.01).any()
    assert (
        drift.patient_gain(drift.pivot, games, 3, drifts=True) < 1e-9
    ).all()  # and a plan charged as a whole mends it
    one_round = incentive_gap(free(1), games, drift.SEARCH)
    assert torch.allclose(drift.patient_gain(free, games, 3, drifts=False), one_round, atol=1e-6)


def test_drift_is_the_markets(games: Games) -> None:
    """The scenario option and the loop here are one thing: honest play, the same models."""
    from simulate import play

    table = {"reference": games.reference.policy[0].tolist(), "rounds": 3, "replicates": 1, "drift": True}
    agents = [
        {"rewards": rewards.tolist(), "weight": float(weight)}
        for rewards, weight in zip(games.truth.rewards[0], games.truth.weights[0], strict=True)
    ]
    history = play({**table, "agents": agents, "mechanism": {"beta": drift.BETA}, "messages": {"rewards": "free"}})
    welfare = [games.truth.welfare(games.reference, policy)[0].item() for policy in drift.drifted(games, 3)]
    assert history.of("social_welfare")[:, 0] == pytest.approx(welfare)


def test_learners_lose_less_when_they_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeated, "LEARNERS", {"hedge": "hedge"})
    monkeypatch.setattr(repeated, "ROUNDS", 40)
    monkeypatch.setattr(repeated, "SETTLED", 4)
    seen = BEYOND["repeated"].run(1, 4)
    free, fair = (seen.at(under(repeated.LOST, each), "hedge", 40) for each in (NO_PAYMENT, PAYMENT))
    assert fair.value < free.value
    saved = seen.at(repeated.SAVED, "hedge", 40)
    assert saved.value == pytest.approx(free.value - fair.value)
    assert saved.low > 0
    assert seen.at(under(repeated.TRUE, PAYMENT), "hedge", 40).value == 1
    _shown("repeated", seen)


def test_a_ratio_knows_that_both_sides_move_together() -> None:
    units = torch.tensor([1.0, 2.0, 3.0, 10.0])
    assert torch.allclose(ratio(3 * units, units), torch.full((4,), 3.0))
    values = torch.tensor([1.0, 0.0, 2.0, 5.0])
    assert ratio(values, units).mean() == pytest.approx(0.5)
    low, high = counted(np.ones(20))
    assert (low, high) == pytest.approx((0.8389, 1.0), abs=1e-4)  # Wilson 1927: 1 / (1 + 1.96^2 / 20)


@pytest.mark.parametrize("name", [name for name in BEYOND if name != "repeated"])
def test_what_is_shown(name: str, found: dict[str, Found]) -> None:
    _shown(name, found[name])


def _shown(name: str, seen: Found) -> None:
    frame, drawn_as = seen.frame(), PICTURES[name]
    assert {panel.quantity for panel in drawn_as.panels} <= set(frame["quantity"])
    known = frame.dropna(subset=["value"])
    assert ((known["low"] <= known["value"] + 1e-9) & (known["value"] <= known["high"] + 1e-9)).all()
    assert set(frame["status"]) <= {"exact", "measured", "derived"}
    assert f"n = {seen.games} games" in caption(drawn_as, BEYOND[name], seen)
    assert all(panel.title in finding(drawn_as, seen) for panel in drawn_as.panels)
    assert all("[" in verdict and "nan" not in verdict for verdict in seen.verdicts)
    figure = picture(drawn_as, seen)
    for axes, panel in zip(figure.axes, drawn_as.panels, strict=False):
        own = known[(known["quantity"] == panel.quantity) & ((known["value"] > 0) | (panel.up == "linear"))]
        assert axes.get_title(loc="left") == panel.title
        curves = {line.get_label(): line for line in axes.get_lines()}
        for series, points in own.groupby("series"):
            assert list(curves[str(series)].get_ydata()) == points["value"].tolist()


def test_catalogues_agree() -> None:
    from simulate.reproductions import REPRODUCTIONS

    assert list(PICTURES) == list(BEYOND)
    files = {name.replace("-", "_") for name in BEYOND}
    for folder, shared in (("simulate/beyond", {"base", "games"}), ("reports/beyond", {"base"})):
        assert {path.stem for path in (ROOT / folder).glob("*.py")} - shared - {"__init__"} == files
    for name, experiment in BEYOND.items():
        assert experiment.measure.__module__ == f"simulate.beyond.{name.replace('-', '_')}"
    assert set(BEYOND) <= set(REPRODUCTIONS)


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for few, kept in {"BETAS": (0.1, 0.3), "SIZES": (1, 2, 4), "NAMES": (1, 2, 8)}.items():
        monkeypatch.setattr(collusion, few, kept)
    asked = ["reproduce", "collusion", "--games", "3", "--seed", "7"]
    answer = CliRunner().invoke(app, [*asked, "--json", "--out", str(tmp_path)])
    assert answer.exit_code == 0, answer.output
    document = json.loads(answer.stdout)
    assert document["name"] == "collusion"
    assert {cell["note"] for cell in document["cells"]} <= {"exact", "measured", "derived"}
    table = pd.read_csv(tmp_path / "tables" / "collusion.csv")
    assert table["value"].to_numpy() == pytest.approx([cell["ours"] for cell in document["cells"]])
    assert "n = 3 games" in (tmp_path / "report.md").read_text()
    assert (tmp_path / "figures" / "collusion.svg").read_bytes().startswith(b"<?xml")
    printed = CliRunner().invoke(app, asked)
    assert printed.exit_code == 0, printed.output
    assert " ".join(document["says"][1].split()) in " ".join(printed.stdout.split())


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (["drfit"], "drift"),
        (["drift", "--only", "4.4"], "--only 4.4: drift has no theorems"),
        (["table-2", "--out", __file__], "is a file; a folder is expected"),
    ],
)
def test_bad_input_is_said_in_a_sentence(asked: list[str], said: str) -> None:
    with pytest.raises(BadInput, match=re.escape(said)):
        app(["reproduce", *asked], standalone_mode=False)


def test_truthful_utilities_are_what_shares_are_of(games: Games) -> None:
    mechanism = welfare_mechanism(Exact(DIVERGENCES["kl"](), 0.3), affine_maximizer)
    members = collusion.Members.of(games, 2)
    told = Valuation(members.true.rewards[None], members.true.weights[None])
    honest = utility(games.reference, games.truth, mechanism(games.reference, games.truth))[:, :2].sum(-1)
    assert torch.allclose(members.utility(mechanism, told)[0], honest)
