"""`trueward equilibrium` as a user meets it."""

from __future__ import annotations

import io
import json
import sys
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest

from reports.cli.app import main
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.regret import regrets, swap_regrets
from simulate.equilibria import EQUILIBRIA

FREE = ("--set", "mechanism.payment=zero")
CHICKEN = {"payoffs": [[[6, 2], [7, 0]], [[6, 7], [2, 0]]]}


def said(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["trueward", "equilibrium", *arguments])
    out = io.StringIO()
    with redirect_stdout(out), pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0), out.getvalue()


def answered(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> dict:
    code, text = said(monkeypatch, *arguments, "--json")
    assert code == 0
    return json.loads(text)


@pytest.fixture
def chicken(tmp_path: Path) -> str:
    path = tmp_path / "chicken.json"
    path.write_text(json.dumps(CHICKEN))
    return str(path)


@pytest.mark.parametrize("concept", EQUILIBRIA)
def test_every_concept_answers_in_the_form_of_the_contract(concept, chicken, monkeypatch) -> None:
    found = answered(monkeypatch, "--payoffs", chicken, "--concept", concept)
    assert found["players"] == ["player-1", "player-2"]
    assert found["payoffs_shape"] == [2, 2, 2]
    game = NormalForm.of(CHICKEN["payoffs"])
    for row in found["equilibria"]:
        assert row["concept"] == concept
        assert row["regret"] == max(row["regrets"])
        if concept in ("correlated", "coarse_correlated", "alpha_rank"):
            joint = np.array(row["profile"])
            assert joint.shape == (2, 2)
            np.testing.assert_allclose(row["utilities"], (game.payoffs * joint).sum((1, 2)), atol=1e-12)
            assert concept != "correlated" or swap_regrets(game, joint).max() <= 1e-8
        else:
            profile = tuple(map(np.array, row["profile"]))
            np.testing.assert_allclose(row["regrets"], regrets(game, profile), atol=1e-12)
            assert concept == "quantal_response" or row["regret"] <= 1e-8
        assert row["welfare_loss"] == pytest.approx(12 - sum(row["utilities"]), abs=1e-9)
    if concept == "undominated":
        assert "2" in found["concepts"][concept]["stopped"]
    else:
        assert found["equilibria"]


def test_correlated_play_at_its_best_and_worst(chicken, monkeypatch) -> None:
    both = answered(monkeypatch, "--payoffs", chicken, "--concept", "correlated")
    best = answered(monkeypatch, "--payoffs", chicken, "--concept", "correlated", "--objective", "welfare")
    worst = answered(monkeypatch, "--payoffs", chicken, "--concept", "correlated", "--objective", "-welfare")
    # best 10.5: the device of Aumann (1974) for this game; worst: 42/5, by hand from the two incentive constraints
    assert sum(best["equilibria"][0]["utilities"]) == pytest.approx(10.5)
    assert [sum(row["utilities"]) for row in both["equilibria"]] == pytest.approx(
        [10.5, sum(worst["equilibria"][0]["utilities"])]
    )
    assert both["price_of_stability"] == pytest.approx(12 / 10.5)
    assert both["price_of_anarchy"] == pytest.approx(12 / sum(worst["equilibria"][0]["utilities"]))


def test_a_scenario_without_payments_and_with_them(monkeypatch) -> None:
    free = answered(monkeypatch, "two_camps", "--set", "mechanism.payment=zero")
    paid = answered(monkeypatch, "two_camps")
    assert free["equilibria"][0]["welfare_loss"] > 0.1
    assert free["price_of_anarchy"] > 1.05
    assert paid["price_of_anarchy"] == pytest.approx(1, abs=1e-12)
    assert paid["actions"][0][0] == "truth"
    assert paid["equilibria"][0]["profile"][0][0] == 1


def test_files_written_are_read_again(tmp_path, monkeypatch) -> None:
    out = tmp_path / "answer"
    first = answered(monkeypatch, "two_camps", "--players", "left,moderate", "--out", str(out))
    for name in ("game.json", "game.nfg"):
        again = answered(monkeypatch, "--payoffs", str(out / name))
        assert again["players"] == first["players"] == ["left", "moderate"]
        assert again["actions"] == first["actions"]
        np.testing.assert_allclose(again["equilibria"][0]["utilities"], first["equilibria"][0]["utilities"], atol=1e-12)
    assert {path.name for path in out.glob("*.svg")} == {"payoffs.svg", "phase.svg"}
    assert json.loads((out / "equilibrium.json").read_text())["equilibria"] == first["equilibria"]
    code, _ = said(monkeypatch, "two_camps", "--out", str(out))
    assert code == 2


def test_grown_menus_carry_a_certificate(monkeypatch) -> None:
    found = answered(monkeypatch, "two_camps", "--set", "mechanism.payment=zero", "--grow", "1e-4")
    assert found["certificate"]["stopped"] is None
    assert max(found["certificate"]["gains"]) <= 1e-4
    assert found["certificate"]["welfare_loss"] > 0.1


def test_strategies_as_actions_have_intervals(monkeypatch) -> None:
    options = ("--strategies", "truthful,noisy", "--rounds", "4", "--replicates", "3")
    found = answered(monkeypatch, "two_camps", *options)
    assert found["payoffs_shape"] == [3, 2, 2, 2]
    assert [len(pair) for pair in found["equilibria"][0]["regret_intervals"]] == [2, 2, 2]


def test_dynamics_lead_to_the_computed_equilibrium(monkeypatch) -> None:
    found = answered(
        monkeypatch,
        "two_camps",
        "--players",
        "left,right",
        "--set",
        "mechanism.payment=zero",
        "--dynamics",
        "replicator",
    )
    (basin,) = found["dynamics"]["basins"]
    np.testing.assert_allclose(np.array(basin["profile"]), np.array(found["equilibria"][0]["profile"]), atol=1e-6)
    assert found["dynamics"]["unsettled"] == 0


def test_a_thousand_agents_by_types(monkeypatch) -> None:
    free = answered(monkeypatch, "three_crowds", "--set", "mechanism.payment=zero")
    assert free["players"] == ["cautious", "bold", "plain"]
    assert free["counts"] == [450, 350, 200]
    assert {row["concept"] for row in free["equilibria"]} == {"symmetric_nash", "mean_field"}
    assert all(row["welfare_loss"] > 0.2 for row in free["equilibria"])
    paid = answered(monkeypatch, "three_crowds")
    assert all(abs(row["welfare_loss"]) < 1e-9 for row in paid["equilibria"])


WRONG = {
    "nothing": ([], "give a scenario or --payoffs"),
    "both": (["two_camps", "--payoffs", "x.json"], "give a scenario or --payoffs"),
    "concept": (["two_camps", "--concept", "nsah"], "did you mean 'nash'"),
    "no concept": (["two_camps", "--concept", ","], "no concept ''"),
    "option": (["two_camps", "--precision", "2"], "--precision: nash does not have this option"),
    "precision": (["two_camps", "--concept", "quantal_response", "--precision", "-1"], "precision"),
    "objective": (["two_camps", "--concept", "correlated", "--objective", "w"], "no objective 'w'"),
    "menu": (["two_camps", "--menu", "lies"], "no menu 'lies'"),
    "player": (["two_camps", "--players", "left,rihgt"], "did you mean 'right'"),
    "one player": (["two_camps", "--players", "left"], "2 to 6 players"),
    "dynamic": (["two_camps", "--dynamics", "replicate"], "did you mean 'replicator'"),
    "strategy": (["two_camps", "--strategies", "truthfull"], "did you mean 'truthful'"),
    "grow": (["two_camps", "--grow", "0"], "epsilon is 0"),
    "types": (["crowd", "--set", "agents.0.count=50"], "types of like agents"),
    "file": (["--payoffs", "nowhere.json"], "nowhere.json"),
    "seconds": (["two_camps", "--seconds", "0"], "seconds is 0"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_one_sentence(case: str, monkeypatch, capsys) -> None:
    arguments, sentence = WRONG[case]
    monkeypatch.setattr(sys, "argv", ["trueward", "equilibrium", *arguments])
    with pytest.raises(SystemExit) as end:
        main()
    captured = capsys.readouterr()
    assert end.value.code == 2
    assert sentence in captured.err
    assert captured.err.count("\n") == 1
    assert "Traceback" not in captured.err
