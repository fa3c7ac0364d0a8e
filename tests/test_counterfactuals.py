"""Every way to pay for models without somebody, beside the exact mechanism: what it costs and what it gives up."""

from __future__ import annotations

import json
import math

import pytest
import torch
from typer.testing import CliRunner

from mechanisms.sampled.gap_bound import optimum_bound
from reports.cli.app import app
from simulate.counterfactuals import WAYS, Bill, ways
from simulate.errors import BadInput
from simulate.load import load
from simulate.scenario import build

BETA = 0.5
SETTINGS = {"mechanism.beta": BETA, "mechanism.fine_tuner.steps": 12, "messages.max_weight": 4.0}
EXACT = 1e-9  # of objectives up to 10


@pytest.fixture(scope="module")
def bills() -> dict[str, Bill]:
    torch.set_num_threads(1)
    return {bill.way: bill for bill in ways(load("tuned_market", SETTINGS))}


def test_every_way_is_there_and_costs_what_it_says(bills: dict[str, Bill]) -> None:
    n = 3
    costs = {way: bill.fine_tunes for way, bill in bills.items()}
    assert costs == {
        "exact": 0, "leave_one_out": n + 1, "at_once": n + 1, "cumulant": 1, "early_stopped": 1 + n / 2,
        "checkpoints": 1, "mixed_logits": n, "mixed_weights": n,
    }  # fmt: skip
    assert list(costs) == list(WAYS)


def test_one_stack_gives_the_payments_of_one_run_after_the_other(bills: dict[str, Bill]) -> None:
    alone, together = (torch.tensor(bills[way].payments) for way in ("leave_one_out", "at_once"))
    assert torch.allclose(together, alone.clamp(min=0), atol=1e-7)


def test_gains_are_within_the_gap_where_truthfulness_is_promised(bills: dict[str, Bill]) -> None:
    assert bills["exact"].gain <= EXACT
    assert bills["mixed_logits"].gain <= EXACT
    assert bills["mixed_weights"].gain <= EXACT
    for way in ("leave_one_out", "early_stopped"):
        assert 0 < bills[way].optimality_gap < 0.1
        assert bills[way].gain <= bills[way].optimality_gap
    assert bills["checkpoints"].gain > 2 * bills["checkpoints"].optimality_gap  # it promises nothing


def test_one_fine_tune_is_as_near_to_the_exact_payments_as_its_gap_allows(bills: dict[str, Bill]) -> None:
    bill, scenario = bills["cumulant"], build(load("tuned_market", SETTINGS), replicates=[0])
    span = scenario.truth.weights[0]  # rewards lie in [0, 1]
    bound = optimum_bound(torch.tensor(bill.optimality_gap).double(), BETA, span)
    assert bool(((torch.tensor(bill.payments) - torch.tensor(bills["exact"].payments)).abs() <= bound).all())
    assert bill.error < 0.5 * bills["leave_one_out"].error
    assert min(bill.payments) > 0


def test_what_is_compared_is_the_same_game(bills: dict[str, Bill]) -> None:
    scenario = build(load("tuned_market", SETTINGS), replicates=[0])
    reached = {
        bill.optimality_gap for way, bill in bills.items() if way in ("leave_one_out", "cumulant", "checkpoints")
    }
    assert max(reached) - min(reached) <= 1e-9
    worth = torch.tensor(bills["exact"].payments) + torch.tensor(bills["exact"].utilities)
    exact = build(load("tuned_market", {**SETTINGS, "mechanism.fine_tuner": "exact"}), replicates=[0])
    policy = exact.mechanism.train(exact.reference, exact.truth)
    own = exact.truth.weights * exact.truth.expected_rewards(exact.reference, policy)
    assert torch.allclose(worth.double(), own[0], atol=1e-6)
    assert scenario.names == exact.names


def test_a_scenario_is_read_without_training(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*ignored: object) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr("mechanisms.fine_tuners.trained.climb", never)
    for keys in ({}, {"fine_tuner.together": True}, {"payment": "early_stopped"}, {"payment": "checkpoints"}):
        build(load("tuned_market", {f"mechanism.{key}": value for key, value in keys.items()}), replicates=[0, 1])
    with pytest.raises(BadInput, match=r"mechanism\.training: fine_tuner is lora; allowed for nash welfare are exact"):
        build(load("tuned_market", {"mechanism.training": "nash_welfare", "mechanism.payment": "zero"}))


def test_the_command_prints_one_document_or_a_table() -> None:
    quick = ["--set", "mechanism.fine_tuner.steps=1", "--set", "messages.max_weight=2"]
    done = CliRunner().invoke(app, ["counterfactuals", "tuned_market", "--json", *quick])
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert [row["way"] for row in document] == list(WAYS)
    assert all(math.isfinite(number) for row in document for number in (*row["payments"], row["error"], row["gain"]))
    with pytest.raises(BadInput, match="two_camps: its fine-tuner trains no language model; allowed are lora and rloo"):
        ways(load("two_camps"))
