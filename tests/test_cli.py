"""The command line as a user meets it: exit codes, JSON, files, bytes."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from multiprocessing import active_children
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from mechanisms import MECHANISMS
from reports.cli.app import main
from reports.cli.listing import KINDS, rows

GAME = """
reference: [0.15, 0.3, 0.25, 0.1, 0.2]
agents:
  - {name: a, rewards: [0.05, 0.45, 0.25, 0.1, 0.15], weight: 1}
  - name: b
    rewards: [0.2, 0.1, 0.05, 0.35, 0.3]
    weight: 1
    report: {rewards: [0.1, 0.05, 0.05, 0.6, 0.2], weight: 2}
    strategy: {name: hedge, menu: overstate, rate: 0.3}
messages: {rewards: sum_to_one, max_weight: 10}
mechanism: {training: social_welfare, divergence: kl, beta: 0.3, fine_tuner: exact, payment: affine_maximizer}
rounds: 200
information: outcome
"""


def in_a_new_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reports.cli.app", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


def trueward(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The same in this process, which has paid for its imports already."""
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["trueward", *arguments])
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    return subprocess.CompletedProcess(arguments, code, out.getvalue(), err.getvalue())


@pytest.fixture
def game(tmp_path: Path) -> Path:
    path = tmp_path / "game.yaml"
    path.write_text(GAME)
    return path


def test_solve_answers_the_contract(game: Path) -> None:
    done = trueward("solve", str(game), "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert set(answer) == {
        "policy", "agents", "social_welfare", "objective", "reported_objective", "divergence", "revenue",
        "welfare_loss", "optimality_gap", "incentive_gap",
    }  # fmt: skip
    a, b = answer["agents"]
    assert set(a) == {"name", "valuation", "payment", "utility"}
    assert b["utility"] == pytest.approx(b["valuation"] - b["payment"])
    assert answer["revenue"] == pytest.approx(a["payment"] + b["payment"])
    assert answer["social_welfare"] == pytest.approx(a["valuation"] + b["valuation"])
    assert answer["objective"] == pytest.approx(answer["social_welfare"] - 0.3 * answer["divergence"])
    assert answer["welfare_loss"] > 0
    assert sum(answer["policy"][0]) == pytest.approx(1, abs=1e-12)
    honest = json.loads(trueward("solve", str(game), "--json", "--set", "agents.1.report=null").stdout)
    assert honest["agents"][1]["utility"] > b["utility"]
    assert honest["welfare_loss"] == pytest.approx(0, abs=1e-12)


def test_solve_closed_form(game: Path) -> None:
    """p ~ q exp(S / beta) by hand."""
    from math import exp

    a, b = [0.05, 0.45, 0.25, 0.1, 0.15], [0.1, 0.05, 0.05, 0.6, 0.2]
    raw = [q * exp((x + 2 * y) / 0.3) for q, x, y in zip([0.15, 0.3, 0.25, 0.1, 0.2], a, b, strict=True)]
    answer = json.loads(trueward("solve", str(game), "--json").stdout)
    assert answer["policy"][0] == pytest.approx([x / sum(raw) for x in raw], abs=1e-14)


def test_run_folder_and_bytes(tmp_path: Path) -> None:
    arguments = ["run", "two_camps", "--rounds", "5", "--replicates", "3", "--seed", "4", "--json", "--out"]
    first = trueward(*arguments, str(tmp_path / "one"))
    assert first.returncode == 0, first.stderr
    summary = json.loads(first.stdout)
    assert summary["rounds"] == 5
    assert summary["out"] == str(tmp_path / "one")
    assert set(summary["metrics"]["welfare_loss"]) == {"mean", "iqm", "low", "high"}
    assert {path.name for path in (tmp_path / "one").iterdir()} == {
        "manifest.json", "config.toml", "rounds.parquet", "outcomes.parquet", "summary.json",
        "reports.parquet", "policies.parquet",
    }  # fmt: skip
    second = in_a_new_process(*arguments, str(tmp_path / "two"))
    assert second.returncode == 0
    rerun = trueward("run", str(tmp_path / "one" / "config.toml"), "--out", str(tmp_path / "three"))
    assert rerun.returncode == 0, rerun.stderr
    hashes = {
        hashlib.sha256((tmp_path / n / "rounds.parquet").read_bytes()).hexdigest() for n in ("one", "two", "three")
    }
    assert len(hashes) == 1
    columns = pq.read_schema(tmp_path / "one" / "rounds.parquet").names
    assert columns[:3] == ["replicate", "round", "agent"]
    other = trueward(*arguments[:7], "5", "--json", "--out", str(tmp_path / "four"))
    assert other.returncode == 0, other.stderr
    assert hashlib.sha256((tmp_path / "four" / "rounds.parquet").read_bytes()).hexdigest() not in hashes


def test_workers_do_not_change_a_byte() -> None:
    from simulate.engines.local import local
    from simulate.repeated_game import play
    from simulate.store import parquet_bytes

    small = {"rounds": 4, "replicates": 4}
    one, two = (play("two_camps", small, batch=2), play("two_camps", small, batch=2, engine=local(2)))
    assert parquet_bytes(one.agents_frame()) == parquet_bytes(two.agents_frame())
    assert parquet_bytes(one.outcomes_frame()) == parquet_bytes(two.outcomes_frame())


def test_folders_are_not_overwritten_by_accident(tmp_path: Path) -> None:
    run = ("run", "two_camps", "--rounds", "1", "--replicates", "1", "--out", str(tmp_path / "r"))
    assert trueward(*run).returncode == 0
    refused = trueward(*run)
    assert refused.returncode == 2
    assert "--overwrite" in refused.stderr
    assert trueward(*run, "--overwrite").returncode == 0
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    assert trueward(*run[:-1], str(mine), "--overwrite").returncode == 2
    assert (mine / "thesis.txt").read_text() == "mine"


def test_compare_ranks_and_pairs(tmp_path: Path) -> None:
    done = trueward(
        "compare", "two_camps", "--mechanisms", "no_payment,vcg", "--rounds", "60", "--replicates", "4", "--json",
        "--out", str(tmp_path / "c"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    assert [row["name"] for row in verdict["mechanisms"]] == ["vcg", "no_payment"]
    pair = next(p for p in verdict["paired"] if p["metric"] == "welfare_loss")
    assert (pair["better"], pair["worse"]) == ("vcg", "no_payment")
    assert pair["low"] <= pair["difference"] <= pair["high"] < 0
    assert 0 <= pair["probability_of_improvement"] <= 1
    assert (tmp_path / "c" / "vcg" / "rounds.parquet").exists()
    assert Path(verdict["report"]).read_text(encoding="utf-8").lower().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["compare", "two_camps", "--mechanisms", "vgc"], ["vgc", "did you mean 'vcg'"]),
        (["compare", "two_camps", "--mechanisms", "vcg,vcg"], ["twice"]),
        (["run", "two_camps", "--set", "mechanism.betta=1"], ["betta", "did you mean 'beta'"]),
        (["run", "two_camps", "--set", "mechanism"], ["KEY=VALUE"]),
        (["run", "two_camps", "--dtype", "float16"], ["--dtype", "float64"]),
        (["run", "two_camps", "--engine", "locl"], ["--engine", "did you mean 'local'"]),
        (["run", "two_camps", "--device", "abacus"], ["--device", "abacus"]),
        (["run", "two_camps", "--device", "cuda:77"], ["cuda:77"]),
        (["run", "two_camps", "--out", "../.hidden"], ["folder's name"]),
        (["run", "two_camps", "--rounds", "0"], ["--rounds"]),
        (["list", "mechanism"], ["did you mean 'mechanisms'"]),
        (["bench", "speed"], ["thousand_games"]),
        (["report", "nowhere"], ["nowhere"]),
        (["frobnicate"], ["frobnicate"]),
    ],
)
def test_bad_input_is_exit_2_with_a_sentence(arguments: list[str], words: list[str]) -> None:
    done = trueward(*arguments)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("kind", KINDS)
def test_list_has_a_line_for_everything(kind: str) -> None:
    found = rows(kind)
    assert found
    for row in found:
        assert row["name"]
        assert len(row["summary"]) > 5
    if kind == "mechanisms":
        assert {row["name"] for row in found} == set(MECHANISMS)


def test_every_command_has_help_with_an_example() -> None:
    for command in ("solve", "run", "compare", "report", "list", "bench", "doctor"):
        done = trueward(command, "--help")
        assert done.returncode == 0
        assert f"Example: trueward {command}" in " ".join(done.stdout.split())


@pytest.mark.parametrize(
    "content", ['{"reference": [0.5, 0.4]}', '{"rounds": NaN}', "[" * 5000, '{"agents": [{"rewards": [[1], [1, 2]]}]}']
)
def test_bad_files_are_refused_before_anything_slow_is_loaded(content: str, tmp_path: Path) -> None:
    path = tmp_path / "game.json"
    path.write_text(content)
    script = (
        "import sys; from reports.cli.app import main; sys.argv = ['trueward', 'solve', sys.argv[1]]\n"
        "try: main()\n"
        "except SystemExit as end: print(end.code, 'torch' in sys.modules, 'pandas' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(path)], capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["2", "False", "False"]
    assert str(path) in done.stderr


def test_doctor() -> None:
    done = trueward("doctor", "--json")
    found = json.loads(done.stdout)
    assert found["packages"]["torch"]
    assert found["devices"][0] == "cpu"
    assert "responses" in found["pools"]["story_tones"]


def test_an_interrupt_is_130_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from simulate.market import Market

    def interrupted(self: Market) -> None:
        if len(self.history) == 2:
            raise KeyboardInterrupt
        played(self)

    played = Market.step
    monkeypatch.setattr(Market, "step", interrupted)
    assert trueward("run", "two_camps", "--out", str(tmp_path / "never")).returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_ends_workers_in_the_middle_of_a_game() -> None:
    from simulate.engines.local import local
    from simulate.jobs import Job, played_by
    from simulate.load import load

    def interrupt(rounds: int) -> None:
        raise KeyboardInterrupt

    short, endless = load("two_camps", {"rounds": 1}), load("two_camps", {"rounds": 10_000_000})
    with pytest.raises(KeyboardInterrupt):
        played_by(local(2), [Job(short, (0,)), Job(endless, (0,))], interrupt)
    assert active_children() == []
