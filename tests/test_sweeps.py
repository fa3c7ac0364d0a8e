"""Sweeps: keys, pairing, the same bytes whoever plays, and what a user is told."""

from __future__ import annotations

import json
import random
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import simulate.sweeps.sweep as sweeping
from simulate import compare
from simulate.engines.local import local
from simulate.engines.serial import Serial
from simulate.errors import BadInput
from simulate.jobs import Job, played
from simulate.market import Market
from simulate.metrics import METRICS
from simulate.scenario import build
from simulate.sweeps.driver import Limits, TooManyFailures
from simulate.sweeps.file import parsed
from simulate.sweeps.keys import canonical
from simulate.sweeps.ledger import read_ledger
from simulate.sweeps.points import only, points
from simulate.sweeps.sweep import Playing, resume, sweep
from simulate.sweeps.tasks import PACK_RUNS, TASK_RUNS, Task, tasks
from simulate.sweeps.work import Worked, failed, failure_of, worked

QUICK = {"rounds": [2], "exploitability": [0]}
TINY = {
    "base": "three_strangers",
    "grid": {"mechanism": ["no_payment", "vcg"], "mechanism.beta": [0.5, 1.0], **QUICK},
    "replicates": 3,
    "seed": 7,
}


def bytes_of(folder: Path) -> bytes:
    return (folder / "results.parquet").read_bytes()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny sweep, played without interruption."""
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    sweep(TINY, folder)
    return folder


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pack a task, so that there are several of them."""
    monkeypatch.setattr("simulate.sweeps.tasks.TASK_RUNS", 1)


# Keys


def keys(data: dict[str, Any]) -> list[str]:
    return [point.game for point in points(parsed(data))]


def test_a_key_is_what_is_played_and_not_where_it_stands() -> None:
    there = keys(TINY)
    grown = keys({**TINY, "grid": {**TINY["grid"], "mechanism.beta": [2.0, 1.0, 0.5]}})
    turned = keys({**TINY, "grid": dict(reversed(TINY["grid"].items()))})
    assert set(there) < set(grown)
    assert there == turned == sorted(there)
    assert set(keys({**TINY, "seed": 8})).isdisjoint(there)
    assert keys({**TINY, "name": "other", "replicates": 9}) == there


def test_a_mechanism_by_name_is_the_game_of_its_keys() -> None:
    vcg = {"training": "social_welfare", "divergence": "kl", "beta": 1, "payment": "affine_maximizer"}
    named, spelled = ({"base": "two_camps", "list": [{"mechanism": mechanism}]} for mechanism in ("vcg", vcg))
    assert keys(named) == keys(spelled)
    assert len(keys({"base": "two_camps", "list": [{"mechanism": "vcg"}, {"mechanism": vcg}]})) == 1


@settings(max_examples=25, deadline=None)
@given(order=st.permutations(["mechanism", "mechanism.beta", "rounds", "agents.0.weight"]))
def test_the_order_of_keys_changes_nothing(order: list[str]) -> None:
    values = {"mechanism": "vcg", "mechanism.beta": 0.3, "rounds": 5, "agents.0.weight": 2}
    point = {key: values[key] for key in order}
    (found,) = points(parsed({"base": "two_camps", "list": [point]}))
    assert found.config.mechanism.beta == 0.3
    assert found.game == keys({"base": "two_camps", "list": [values]})[0]


def test_mechanisms_meet_the_same_draws_and_other_games_do_not() -> None:
    found = points(parsed({**TINY, "grid": {**TINY["grid"], "agents.0.weight": [1, 2]}}))
    drawn = {point.game: build(point.config, "x", (0, 1)).truth.rewards for point in found}
    for a in found:
        for b in found:
            alike = a.overrides["agents.0.weight"] == b.overrides["agents.0.weight"]
            assert torch.equal(drawn[a.game], drawn[b.game]) == alike


def test_nothing_that_matters_is_left_out_of_a_key() -> None:
    config = points(parsed({"base": "two_camps", "list": [{}]}))[0].config
    said = canonical(config)
    assert set(config.model_dump(exclude_none=True)) - set(said) == {"name", "summary", "replicates"}


# Tasks


def test_every_run_is_in_one_task_whatever_is_done_already() -> None:
    wanted = parsed({**TINY, "replicates": 700})
    all_tasks = tasks(points(wanted), 700)
    named = [key for task in all_tasks for key in task.keys]
    assert len(named) == len(set(named)) == 2800
    assert named == sorted(named)
    assert max(len(task.keys) for task in all_tasks) <= TASK_RUNS
    assert max(len(pack.replicates) for task in all_tasks for pack in task.packs) <= PACK_RUNS
    done = frozenset(named[::3])
    left = [key for task in tasks(points(wanted), 700, done) for key in task.keys]
    assert sorted(left) == sorted(set(named) - done)


def test_ten_thousand_small_runs_make_fewer_than_a_hundred_files() -> None:
    wanted = {"base": "two_camps", "grid": {"seed": list(range(100))}, "replicates": 100}
    many = tasks(points(parsed({**wanted, "grid": {**wanted["grid"], "rounds": [10]}})), 100)
    assert sum(len(task.keys) for task in many) == 10_000
    assert 2 * len(many) + 5 < 100


# The same answer everywhere


def test_who_meddles_with_global_generators_changes_nobodys_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learning = {**TINY["grid"], **{f"agents.{i}.strategy": [name] for i, name in enumerate(("hedge", "exp3", "noisy"))}}
    sweep({**TINY, "grid": learning}, tmp_path / "a")
    step = Market.step

    def meddling(market: Market) -> None:
        random.seed(0)
        np.random.seed(0)
        torch.manual_seed(0)
        step(market)

    monkeypatch.setattr(Market, "step", meddling)
    sweep({**TINY, "grid": learning}, tmp_path / "b")
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")


def test_runs_are_those_of_compare(whole: Path) -> None:
    """A second way to the same numbers: the contest plays each game by itself."""
    table = pd.read_parquet(whole / "results.parquet")
    point = next(p for p in points(parsed(TINY)) if p.overrides["mechanism.beta"] == 0.5)
    contest = compare(point.config.model_copy(update={"replicates": 3}), ["no_payment", "vcg"])
    for name, history in contest.histories.items():
        mine = table[(table["mechanism"] == name) & (table["mechanism.beta"] == 0.5)]
        for metric in ("welfare_loss", "report_distance", "revenue"):
            assert mine[metric].tolist() == METRICS[metric].value(history).tolist()


def test_rows_of_the_tables_belong_to_their_runs(whole: Path) -> None:
    """A second way: the game played by itself, its rows named by hand."""
    rounds = sorted_rounds(whole)
    assert (rounds["run_key"].str[-6:].astype(int) == rounds["replicate"]).all()
    for point in points(parsed(TINY)):
        own = rounds[rounds["run_key"].str.startswith(point.game)].reset_index(drop=True)
        frame = played(Job(point.config, (0, 1, 2))).agents_frame()
        alone = frame.assign(agent=frame["agent"].astype(str))
        alone = alone.sort_values(["replicate", "round", "agent"], ignore_index=True)
        for column in ("replicate", "round", "agent", "utility", "payment", "report_distance"):
            assert own[column].tolist() == alone[column].tolist()


def test_engines_and_order_change_no_byte(
    whole: Path, tmp_path: Path, small_tasks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    sweep(TINY, tmp_path / "workers", Playing(engine=local(2)))
    assert bytes_of(tmp_path / "workers") == bytes_of(whole)
    ordered = sweeping.tasks

    def mixed(*given: Any) -> list[Task]:
        found = ordered(*given)
        return random.Random(5).sample(found, len(found))

    monkeypatch.setattr(sweeping, "tasks", mixed)
    sweep(TINY, tmp_path / "mixed")
    assert bytes_of(tmp_path / "mixed") == bytes_of(whole)
    assert sorted_rounds(tmp_path / "mixed").equals(sorted_rounds(whole))


def sorted_rounds(folder: Path) -> pd.DataFrame:
    frames = [pq.read_table(path).to_pandas() for path in sorted((folder / "rounds").glob("*.parquet"))]
    return pd.concat(frames).sort_values(["run_key", "round", "agent"], ignore_index=True)


def test_a_grown_grid_plays_new_runs_alone(whole: Path, tmp_path: Path) -> None:
    played: list[int] = []
    tell = Playing(progress=lambda runs, total: played.append(runs))
    sweep({**TINY, "grid": {**TINY["grid"], "mechanism.beta": [1.0]}, "replicates": 2}, tmp_path / "a", tell)
    sweep(TINY, tmp_path / "a", tell)
    assert sum(played) == 12
    assert played[0] == 4
    assert bytes_of(tmp_path / "a") == bytes_of(whole)


def test_filters_leave_the_rest_for_later(whole: Path, tmp_path: Path) -> None:
    part = sweep(TINY, tmp_path / "a", Playing(only={"mechanism": "vcg"}))
    assert part["mechanism"].unique().tolist() == ["vcg"]
    resume(tmp_path / "a")
    assert bytes_of(tmp_path / "a") == bytes_of(whole)
    with pytest.raises(BadInput, match=r"mechanism, mechanism\.beta"):
        only(points(parsed(TINY)), {"beta": 1}, 3)


# Failures


class Cursed(Serial):
    """Its runs with the replicate 1 of games under VCG fail."""

    def submit(self, function: Any, /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        return super().submit(cursed, *arguments)


def cursed(task: Task, *how: Any) -> Worked:
    """Raises for the whole task, as a broken strategy would, where a run of it is cursed."""
    if any(key.endswith("000001") for key in task.keys):
        raise RuntimeError("no luck\x1b[2J")
    return worked(task, *how)


def test_the_guilty_alone_fail_and_are_tried_again(whole: Path, tmp_path: Path) -> None:
    table = sweep(TINY, tmp_path / "a", Playing(engine=Cursed()))
    assert (table["state"] == "failed").sum() == 4
    assert set(table.loc[table["state"] == "failed", "replicate"]) == {1}
    assert table.loc[table["state"] == "failed", "failure"].unique().tolist() == ["RuntimeError: no luck\\x1b[2J"]
    assert table.loc[table["state"] == "failed", "welfare_loss"].isna().all()
    known = read_ledger(tmp_path / "a")
    assert {entry.attempt for entry in known.entries.values()} == {2}
    again = resume(tmp_path / "a")
    assert again.equals(table)  # who resumes does not try what failed
    resume(tmp_path / "a", Playing(retry_failed=True))
    assert bytes_of(tmp_path / "a") == bytes_of(whole)


def test_an_exception_inside_a_pack_is_blamed_on_its_run(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import simulate.sweeps.work as work

    honest = work._played

    def broken(pack: Any, *how: Any) -> Worked:
        if 2 in pack.replicates:
            raise ValueError("two is too many")
        return honest(pack, *how)

    monkeypatch.setattr(work, "_played", broken)
    found = worked(tasks(points(parsed(TINY)), 3)[0])
    assert {key[-1] for key in found.failed} == {"2"}
    assert {key[-1] for key in found.done} == {"0", "1"}
    assert "two is too many" in next(iter(found.failed.values())).trace
    table = pd.read_parquet(whole / "results.parquet").set_index("run_key")
    for key, metrics in found.done.items():
        assert metrics["welfare_loss"] == table.loc[key, "welfare_loss"]


def test_a_sweep_stops_with_too_many_failures(tmp_path: Path, small_tasks: None) -> None:
    with pytest.raises(TooManyFailures, match="2 runs failed"):
        sweep(TINY, tmp_path / "a", Playing(engine=Cursed(), limits=Limits(failures=2)))
    kept = read_ledger(tmp_path / "a").entries
    assert sum(entry.state == "failed" for entry in kept.values()) == 2
    assert len(kept) == 6


def test_failures_say_what_happened() -> None:
    assert failure_of(MemoryError()).kind == "memory"
    assert failure_of(RuntimeError("DefaultCPUAllocator: can't allocate memory")).kind == "memory"
    task = tasks(points(parsed(TINY)), 3)[0]
    nothing = failed(task, failure_of(ValueError("x")))
    assert (nothing.rounds, list(nothing.failed)) == (None, task.keys)


# Bad input


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"base": "two_camp"}, "base: no scenario 'two_camp'; did you mean 'two_camps'?"),
        ({"base": "two_camps", "grit": {}}, "no key 'grit'; did you mean 'grid'? Allowed are name, base, grid, list,"),
        ({"base": "two_camps", "grid": {"mechanism": []}}, "grid.mechanism is an empty list"),
        ({"base": "two_camps", "grid": {"mechanism": "vcg"}}, "grid.mechanism is 'vcg'"),
        ({"base": "two_camps", "grid": {"replicates": [1, 2]}}, "replicates cannot vary"),
        ({"base": "two_camps", "grid": {"seed": list(range(2000))}, "replicates": 1000}, "2,000,000 runs; at most"),
        ({"base": "two_camps", "replicates": 0}, "replicates is 0"),
        ({"base": "two_camps", "name": "../x"}, "name is '../x'"),
        ({"grid": {}}, "base is missing"),
    ],
)
def test_a_wrong_file_is_said_in_a_sentence(data: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parsed(data, "grid.yaml")
    assert said in str(refused.value)
    assert str(refused.value).startswith("grid.yaml: ")


@pytest.mark.parametrize(
    ("grid", "said"),
    [
        ({"mechanism": ["vcg", "vgc"]}, "mechanism='vgc'"),
        ({"agents.9.weight": [1]}, "agents.9.weight"),
        ({"mechanism.divergence": ["kull"]}, "did you mean 'kl'?"),
        ({"mechanism.beta": [-1]}, "mechanism.beta"),
    ],
)
def test_a_wrong_point_is_named_before_anything_is_played(grid: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput) as refused:
        sweep({"base": "two_camps", "grid": grid}, tmp_path / "a")
    assert said in str(refused.value)
    assert not (tmp_path / "a").exists()


def test_a_folder_says_how_it_was_made(whole: Path) -> None:
    manifest = json.loads((whole / "manifest.json").read_text())
    assert (manifest["kind"], manifest["games"], manifest["runs"], manifest["seed"]) == ("sweep", 4, 12, 7)
    assert manifest["start"] <= manifest["end"]
