"""The market whose every round trains a language model: what it shows, what it keeps, what one sees of it."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from safetensors import safe_open

from mechanisms.fine_tuners.training.climb import Progress as Training
from reports.cli.watching import Watching, bar_on
from simulate.adapters.files import read_tensors, write_tensors
from simulate.adapters.kept import Kept, load_adapters
from simulate.contest import compare
from simulate.engines.local import local
from simulate.errors import BadInput
from simulate.load import load
from simulate.market import Market
from simulate.metrics import METRICS
from simulate.repeated_game import play
from simulate.scenario import build
from simulate.statistics import paired
from simulate.store import resolved_toml
from tests.pages import ROOT, Reader, blocks

TRUTHFUL = {f"agents.{i}.strategy": "truthful" for i in range(3)}
LIE = {"agents.0.strategy": {"name": "overstate", "factor": 4}}
SMALL = {"reference.length": 1, "rounds": 3, "replicates": 2, "mechanism.fine_tuner.steps": 4}
MARKETS = 12  # with drawn group sizes


# What it shows


def test_who_overstates_gets_more_pays_still_more_and_loses() -> None:
    """The base paper's finding (arXiv 2405.16276, section 5) on trained models: 95 % intervals over drawn markets."""
    one = {"reference.length": 1, "rounds": 1, "replicates": MARKETS, **TRUTHFUL}
    truth, lie = play("tuned_market", one), play("tuned_market", {**one, **LIE})
    change = {name: (lie.of(name) - truth.of(name))[0, :, 0] for name in ("valuation", "payment", "utility")}
    assert paired(change["valuation"], 0 * change["valuation"]).low > 0.3
    assert paired(change["payment"], change["valuation"]).low > 0.3
    assert paired(change["utility"], 0 * change["utility"]).high < -0.3
    assert np.allclose(lie.of("utility_gain")[0, :, 0], change["utility"])
    free = {**one, "mechanism.payment": "zero"}
    gain = (play("tuned_market", {**free, **LIE}).of("utility") - play("tuned_market", free).of("utility"))[0, :, 0]
    assert np.allclose(gain, change["valuation"])  # the same models, and nobody pays for them


def test_no_lie_gains_more_than_the_optimality_gap() -> None:
    """Whatever the others say, and however badly models are trained: the guarantee of approximate training."""
    settings = {"reference.length": 1, "replicates": 6, "rounds": 6, "mechanism.fine_tuner.steps": 3}
    market, gains = Market(build(load("tuned_market", settings))), []
    for _ in range(6):
        market.step()
        reports, truth = market.last.reports, market.truth
        for i in range(3):
            weights, rewards = reports.weights.clone(), reports.rewards.clone()
            weights[:, i], rewards[:, i] = truth.weights[:, i], truth.rewards[:, i]
            told = type(truth)(rewards, weights)
            gap = market.mechanism.train.gap(market.reference, told)
            gains.append(market.last.utility_gain[:, i] - gap)
    assert torch.stack(gains).max() <= 1e-9
    assert market.history.of("utility_gain").max() > 1e-4  # the bound is needed: a badly trained model can be gamed


def test_learners_exaggerate_for_nothing_and_not_where_it_is_billed() -> None:
    """Bandit feedback alone.  A uniform choice from the menu has report distance 2.04."""
    settings = {"reference.length": 1, "replicates": 8, "rounds": 16, "mechanism.fine_tuner.steps": 4}
    contest = compare("tuned_market", ["no_payment", "vcg"], settings)
    late = {name: h.of("report_distance")[8:].mean((0, 2)) for name, h in contest.histories.items()}
    uniform = np.full(8, (0.75 + 0.5 + 1 + 3 + 7) / 6)
    assert paired(late["no_payment"], uniform).low > 0
    assert paired(late["vcg"], uniform).high < -1
    gained = {name: h.of("utility_gain")[8:].mean((0, 2)) for name, h in contest.histories.items()}
    assert paired(gained["no_payment"], 0 * uniform).low > 0.1
    assert paired(gained["vcg"], 0 * uniform).high < 0
    loss = {name: METRICS["welfare_loss"].value(h) for name, h in contest.histories.items()}
    assert paired(loss["no_payment"], loss["vcg"]).low > 0


@pytest.mark.slow
def test_the_scenario_as_it_stands_shows_it_too() -> None:
    contest = compare("tuned_market", ["no_payment", "vcg"])
    late = {name: h.of("report_distance")[12:].mean((0, 2)) for name, h in contest.histories.items()}
    assert len(contest.histories["vcg"]) >= 10
    assert paired(late["no_payment"], late["vcg"]).low > 1


# What it keeps


def stacks(folder: Path) -> list[Path]:
    return sorted((folder / "stacks").iterdir())


def test_every_stack_is_kept_and_found_instead_of_trained_again(tmp_path: Path) -> None:
    plain = play("tuned_market", SMALL)
    steps: list[Training] = []
    kept = play("tuned_market", SMALL, watch=steps.append, keep=tmp_path)
    trained, files = len(steps), {path: path.stat().st_mtime_ns for path in stacks(tmp_path)}
    again = play("tuned_market", SMALL, watch=steps.append, keep=tmp_path)
    assert trained == 5 * len(files) > 0  # four steps, and a look at the end
    assert len(steps) == trained
    assert files == {path: path.stat().st_mtime_ns for path in stacks(tmp_path)}
    for column in ("utility", "payment", "utility_gain"):
        assert np.array_equal(plain.of(column), kept.of(column))
        assert np.array_equal(kept.of(column), again.of(column))


@pytest.mark.parametrize("damage", ["truncated", "changed", "another's", "nonsense"])
def test_a_file_that_is_not_whole_is_noticed_and_replaced(damage: str, tmp_path: Path) -> None:
    whole = play("tuned_market", SMALL, keep=tmp_path)
    first, second = stacks(tmp_path)[:2]
    data, other = first.read_bytes(), second.read_bytes()
    changed = data[:-9] + bytes([data[-9] ^ 1]) + data[-8:]  # a bit of the last number: the format itself sees nothing
    first.write_bytes({"truncated": data[:-40], "changed": changed, "another's": other, "nonsense": b"{}"}[damage])
    assert Kept(tmp_path, (0, 1)).find(first.stem) is None
    assert Kept(tmp_path, (0, 1)).find(second.stem) is not None
    steps: list[Training] = []
    again = play("tuned_market", SMALL, keep=tmp_path, watch=steps.append)
    assert len(steps) == 5
    assert np.array_equal(whole.of("utility"), again.of("utility"))
    assert read_tensors(first)[0].keys() == read_tensors(second)[0].keys()
    assert {name: value.tolist() for name, value in read_tensors(first)[0].items()} == _tensors(data, tmp_path)


def _tensors(data: bytes, folder: Path) -> dict[str, list]:
    (folder / "copy").write_bytes(data)
    return {name: value.tolist() for name, value in read_tensors(folder / "copy")[0].items()}


def test_an_interrupted_write_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    write_tensors(path, {"x": torch.ones(3)}, {"key": "old"})
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError, match="no space"):
        write_tensors(path, {"x": torch.zeros(3)}, {"key": "new"})
    assert read_tensors(path)[1]["key"] == "old"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_a_rounds_deployed_models_are_found_by_name_and_answer_as_they_did(tmp_path: Path) -> None:
    play("tuned_market", SMALL, batch=1, keep=tmp_path)
    for replicate in range(2):
        scenario = build(load("tuned_market", SMALL), replicates=(replicate,))
        market = Market(scenario)
        for _ in range(3):
            market.step()
        path = tmp_path / "deployed" / f"round-0002-replicates-{replicate}-{replicate}.safetensors"
        adapters = load_adapters(path)
        law = scenario.mechanism.train.fine_tuner.law(market.last.reference)
        answer = law.log_policy(adapters, market.last.reference.log[None]).exp()
        assert torch.allclose(answer, market.last.outcome.policy, atol=1e-12)
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()["trueward"])
        assert (about["round"], about["replicates"]) == (2, [replicate])
        assert about["settings"]["schedule"]["steps"] == 4
    with pytest.raises(BadInput, match="not a whole file of adapters"):
        load_adapters(tmp_path / "stacks")


def test_the_example_of_the_page_runs(tmp_path: Path) -> None:
    (block,) = [block for block in blocks(ROOT / "docs" / "tuned-market.md") if block.language == "python"]
    history, config = play("tuned_market", SMALL, keep=tmp_path / "market" / "adapters"), load("tuned_market", SMALL)
    (tmp_path / "market" / "config.toml").write_text(resolved_toml(config))
    reader = Reader(tmp_path)
    reader.follow(block)
    example = reader.module
    divergence = (example.policy * (example.policy / example.scenario.reference.policy).log()).sum(-1).mean(-1)
    assert np.allclose(divergence.detach().numpy(), history.of("divergence")[1])
    assert (example.model(example.law.rows.token_ids).logits - example.logits).abs().max() > 1e-3


def test_what_two_mechanisms_train_alike_is_trained_once(tmp_path: Path) -> None:
    """The agents explore the same lies in the first rounds; only the models without somebody are new."""
    steps: list[Training] = []
    names = ["no_payment", "vcg"]
    contest = compare("tuned_market", names, SMALL, keep=tmp_path, watch=steps.append)
    alone = compare("tuned_market", names, SMALL)
    files = {name: {path.name for path in stacks(tmp_path / name / "adapters")} for name in names}
    assert files["no_payment"] < files["vcg"]
    assert len(steps) == 5 * len(files["vcg"])
    for name in names:
        for column in ("utility", "payment", "utility_gain", "report_weight"):
            assert np.array_equal(contest.histories[name].of(column), alone.histories[name].of(column))


@pytest.mark.slow
def test_worker_processes_share_the_folder_and_change_nothing(tmp_path: Path) -> None:
    here = play("tuned_market", SMALL, batch=1, keep=tmp_path / "here")
    there = play("tuned_market", SMALL, batch=1, engine=local(2), keep=tmp_path / "there")
    assert np.array_equal(here.of("utility"), there.of("utility"))
    for part in ("stacks", "deployed"):
        mine, theirs = ({p.name for p in (tmp_path / side / part).iterdir()} for side in ("here", "there"))
        assert mine == theirs != set()


# What one sees meanwhile


def test_the_bar_tells_speed_reward_and_divergence_of_the_running_fine_tune() -> None:
    screen = Console(file=io.StringIO(), force_terminal=True, width=80)
    with bar_on(screen) as bar:
        watching = Watching(bar, bar.add_task("tuned_market", total=480, training=""))
        watching.rounds(120)
        watching.training(Training(0, 8, 3, 1000, 0.25, 0.0))
        assert bar.tasks[0].fields["training"] == "0/8 reward +0.25 KL 0.00"  # no speed has been measured yet
        watching.training(Training(7, 8, 3, 1000, 0.5, 0.125))
        with screen.capture() as line:
            screen.print(bar.get_renderable())
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", line.get())
    assert "120/480" in plain
    assert re.search(r"7/8 [\d,]+ tokens/s reward \+0\.50 KL 0\.12\n", plain)
