"""The page of a sweep says what its table of results says, and first what is missing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from reports.report import report_of, write_formats, write_report
from reports.sweeps.arms import estimates, pairs, read_swept
from reports.sweeps.curves import along, found
from reports.sweeps.plane import table
from simulate.engines.base import Engine
from simulate.engines.local import local
from simulate.engines.serial import serial
from simulate.errors import BadInput
from simulate.statistics import estimate, paired
from simulate.sweeps.sweep import Playing, resume, sweep
from tests.test_sweep_faults import Dying
from tests.test_sweeps import QUICK, bytes_of

GRID = {
    "base": "three_strangers",
    "grid": {
        "mechanism": ["no_payment", "vcg"],
        "mechanism.beta": [0.2, 0.5, 1.0],
        "rounds": [3],
        "exploitability": [0],
    },
    "list": [{"mechanism": "egalitarian", "rounds": 3, "exploitability": 0}],
    "replicates": 4,
}
LEARNING = {f"agents.{i}.strategy": ["hedge"] for i in range(3)}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("swept") / "grid"
    sweep({**GRID, "grid": {**GRID["grid"], **LEARNING}}, folder)
    return folder


def test_numbers_are_those_of_the_results(swept: Path) -> None:
    runs, read = pd.read_parquet(swept / "results.parquet"), read_swept(swept)
    assert read.arms == ("no_payment", "vcg", "egalitarian")
    assert read.asked == len(runs) == 28
    own = runs[runs["mechanism"] == "vcg"].groupby("replicate")["report_distance"].mean().to_numpy(dtype=float)
    assert estimates(read)["report_distance"]["vcg"] == estimate(own, 0)
    one = next(
        p
        for p in pairs(read)
        if p["metric"] == "report_distance" and {p["better"], p["worse"]} == {"vcg", "no_payment"}
    )
    wide = runs.pivot_table(index=["mechanism.beta", "replicate"], columns="mechanism", values="report_distance")
    drawn = wide[["vcg", "no_payment"]].dropna().groupby("replicate").mean()  # the three betas met the same draws
    by_hand = paired(drawn["vcg"].to_numpy(float), drawn["no_payment"].to_numpy(float))
    assert one["draws"] == 4
    assert (one["low"], one["high"]) == pytest.approx((by_hand.low, by_hand.high))
    assert one["better"] == "vcg"
    assert one["difference"] == pytest.approx(by_hand.difference, abs=1e-12)
    assert one["p"] <= one["p_holm"]


def test_losses_are_compared_in_the_same_units_alone(swept: Path) -> None:
    compared = {frozenset((p["better"], p["worse"])) for p in pairs(read_swept(swept)) if p["metric"] == "welfare_loss"}
    assert compared == {frozenset(("no_payment", "vcg"))}


def test_a_number_that_the_mechanism_ignores_makes_nothing_surer(tmp_path: Path) -> None:
    """Runs that differ in beta alone share their draws: where beta decides nothing, many of them are as good as one."""
    free = {"base": "three_strangers", "replicates": 6}
    lies = {"agents.0.strategy": [{"name": "noisy"}], "rounds": [2], "exploitability": [0]}
    found = []
    for betas in ([0.5], [0.5, 0.50000001, 0.50000002]):
        grid = {"mechanism": ["no_payment", "vcg"], "mechanism.beta": betas, **lies}
        folder = tmp_path / str(len(betas))
        sweep({**free, "grid": grid}, folder)
        found.append(next(p for p in pairs(read_swept(folder)) if p["metric"] == "social_welfare"))
    one, many = found
    assert one["draws"] == many["draws"] == 6
    assert (many["low"], many["high"]) == pytest.approx((one["low"], one["high"]), abs=1e-6)
    assert many["p"] == one["p"]


def test_replay_options_have_all_digits(tmp_path: Path) -> None:
    grid = {"mechanism.beta": [0.12345678, 0.5], "seed": [1234567, 2], **QUICK}
    sweep({"base": "two_camps", "grid": grid, "replicates": 1}, tmp_path / "a")
    page = write_report([tmp_path / "a"], tmp_path / "out", ["html"]).read_text()
    assert "--only mechanism.beta=0.12345678" in page
    wanted = {"mechanism.beta": 0.12345678, "seed": 1234567.0}
    again = sweep({"base": "two_camps", "grid": grid, "replicates": 1}, tmp_path / "b", Playing(only=wanted))
    assert len(again) == 1


def test_the_figure_is_over_what_varies(swept: Path) -> None:
    read = read_swept(swept)
    assert along(read) == "mechanism.beta"
    point = found(read, "mechanism.beta").at("report_distance", "vcg", 0.5)
    runs = pd.read_parquet(swept / "results.parquet")
    own = runs[(runs["mechanism"] == "vcg") & (runs["mechanism.beta"] == 0.5)]["report_distance"]
    assert point.value == pytest.approx(float(own.mean()))
    assert point.low <= point.value <= point.high


def test_all_outputs_and_the_same_bytes(swept: Path, tmp_path: Path) -> None:
    written = write_formats([swept], tmp_path / "a", ["html", "markdown", "tables"])
    write_formats([swept], tmp_path / "b", ["html", "markdown", "tables"])
    for name in written.files:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    assert {"figures/arms.svg", "figures/along.svg", "tables/runs.parquet", "tables/pairs.tex"} <= set(written.files)
    page = (tmp_path / "a" / "index.html").read_text()
    assert "Missing runs" not in page
    assert "--only mechanism=vcg" in page
    assert len(page) < 1_000_000


@pytest.mark.parametrize("engine", [serial, pytest.param(local(4), marks=pytest.mark.slow)], ids=["one", "four"])
def test_the_page_is_the_same_whoever_played_and_wherever_it_lies(engine: Engine, tmp_path: Path) -> None:
    small = {**GRID, "grid": {**GRID["grid"], "mechanism.beta": [0.2, 0.5]}}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulate.sweeps.tasks.TASK_RUNS", 1)
        sweep(small, tmp_path / "a", Playing(engine))
        sweep(small, tmp_path / "b", Playing(only={"mechanism": "vcg"}))
        resume(tmp_path / "b")
    for name in ("a", "b"):
        write_formats([tmp_path / name], tmp_path / f"of_{name}", ["html", "markdown", "tables"])
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "b")
    pages = [{p.relative_to(f): p.read_bytes() for p in f.rglob("*.*")} for f in (tmp_path / "of_a", tmp_path / "of_b")]
    assert len(pages[0]) > 10
    assert pages[0] == pages[1]


def test_one_run_is_played_again_by_itself(swept: Path, tmp_path: Path) -> None:
    filters = {"mechanism": "vcg", "mechanism.beta": 0.5, "replicate": 2}
    sweep(swept / "config.toml", tmp_path / "one", Playing(only=filters))
    runs = pd.read_parquet(swept / "results.parquet").set_index("run_key")
    one = pd.read_parquet(tmp_path / "one" / "results.parquet").set_index("run_key")
    pd.testing.assert_frame_equal(one, runs.loc[one.index])
    assert len(one) == 1
    with pytest.raises(BadInput, match=r"replicate=4: the sweep has the replicates 0 to 3"):
        sweep(swept / "config.toml", tmp_path / "none", Playing(only={"replicate": 4}))
    assert not (tmp_path / "none").exists()


def test_two_numbers_make_a_heat_map(tmp_path: Path) -> None:
    grid = {"mechanism": ["vcg", "no_payment"], "mechanism.beta": [0.2, 0.5, 1.0], "agents.0.weight": [1, 2, 3]}
    sweep({"base": "two_camps", "grid": {**grid, **QUICK}, "replicates": 1}, tmp_path / "a")
    read = read_swept(tmp_path / "a")
    found = table(read, "no_payment")
    runs = read.done.set_index(["arm", "agents.0.weight", "mechanism.beta"])["report_distance"]
    assert found.shape == (3, 3)
    assert found.loc[2.0, 0.5] == pytest.approx(float(runs["no_payment", 2.0, 0.5]))
    assert {"figures/arms.svg", "figures/along.svg", "figures/plane.svg"} <= set(
        write_formats([tmp_path / "a"], tmp_path / "out", ["html"]).files
    )


def test_numbers_that_never_vary_together_make_no_heat_map(tmp_path: Path) -> None:
    one_by_one = [{"mechanism.beta": x} for x in (0.2, 0.5, 1.0)] + [{"agents.0.weight": x} for x in (1, 2, 3)]
    quick = {"rounds": 2, "exploitability": 0}
    sweep({"base": "two_camps", "list": [{**point, **quick} for point in one_by_one], "replicates": 1}, tmp_path / "a")
    written = write_formats([tmp_path / "a"], tmp_path / "out", ["html"]).files
    assert "figures/along.svg" in written
    assert "figures/plane.svg" not in written


def test_what_is_missing_is_said_first(swept: Path, tmp_path: Path) -> None:
    folder = tmp_path / "grid"
    sweep(GRID, folder, Playing(engine=Dying(), only={"mechanism": "vcg"}))
    victim = next((folder / "rounds").iterdir())
    victim.write_bytes(victim.read_bytes()[:-9])
    brief = write_report([folder], tmp_path / "out", ["markdown"]).read_text()
    before = brief[: brief.index("One arm, vcg, over 9 runs")]
    assert "3 of 28 runs failed: 3 x died: the worker died" in before
    assert "16 of 28 runs have not been played" in before
    assert "not what was written" in before


def test_a_sweep_has_a_page_of_its_own(swept: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="page of its own"):
        report_of([swept, tmp_path])
    copy = shutil.copytree(swept, tmp_path / "copy")
    (copy / "ledger.sqlite").write_bytes(b"nothing")
    with pytest.raises(BadInput, match="trueward resume"):
        report_of([copy])
