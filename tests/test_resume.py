"""A run that trains language models is killed, and finished to the same bytes."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulate.contest import compare, write_contest
from simulate.market import Market
from simulate.whole_file import DRAFT
from tests.test_cli import in_a_new_process, trueward

GAME = ("tuned_market", "--rounds", "4", "--replicates", "2", "--batch", "1", "--set", "reference.length=1")
SLOWER = (*GAME, "--set", "mechanism.fine_tuner.steps=8")
Command = Callable[..., subprocess.CompletedProcess[str]]
RESULTS = ("rounds.parquet", "outcomes.parquet", "summary.json", "config.toml")
SHORT = {"reference.length": 1, "rounds": 3, "replicates": 2, "mechanism.fine_tuner.steps": 3}


def files(folder: Path, pattern: str) -> dict[str, int]:
    """When each was written."""
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.glob(pattern)}


def killed(rounds: int, folder: Path, *arguments: str) -> str:
    """What a terminal showed of the command until it was killed, so many rounds into the game."""
    screen, wire = pty.openpty()
    command, wide = [sys.executable, "-m", "reports.cli.app", *arguments], {**os.environ, "COLUMNS": "80"}
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=wire, env=wide) as process:
        until = time.monotonic() + 90
        while len(files(folder, "adapters/deployed/*.safetensors")) < rounds and time.monotonic() < until:
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL
    os.close(wire)
    shown = b""
    while True:
        try:
            shown += os.read(screen, 65536)
        except OSError:  # everything has been read
            os.close(screen)
            return shown.decode()


@pytest.mark.parametrize("command", [trueward, pytest.param(in_a_new_process, marks=pytest.mark.slow)])
def test_a_killed_run_is_finished_to_the_same_bytes(command: Command, tmp_path: Path) -> None:
    whole, broken = tmp_path / "whole" / "market", tmp_path / "broken" / "market"
    shown = killed(2, broken, "run", *SLOWER, "--out", str(broken))
    assert "tokens/s reward" in shown
    assert "KL" in shown
    before = files(broken, "adapters/stacks/*.safetensors")
    (broken / "adapters" / "stacks" / f".half{DRAFT}").write_bytes(b"what a kill leaves behind")
    assert (broken / "config.toml").is_file()
    assert not (broken / "summary.json").exists()

    refused = trueward("run", *SLOWER, "--out", str(broken))
    assert refused.returncode == 2
    assert "holds an unfinished run: `trueward resume" in refused.stderr

    resumed = command("resume", str(broken), "--json")
    assert resumed.returncode == 0
    assert resumed.stderr == ""  # no terminal, no bar
    assert json.loads(resumed.stdout) == json.loads((broken / "summary.json").read_text())
    assert trueward("run", *SLOWER, "--out", str(whole)).returncode == 0
    for name in RESULTS:
        mine = (broken / name).read_bytes().replace(b"/broken/", b"/whole/")
        assert mine == (whole / name).read_bytes(), name

    after, uninterrupted = (files(each, "adapters/stacks/*") for each in (broken, whole))
    assert set(after) == set(uninterrupted)  # the same fine-tunes, and nothing else is left
    assert 0 < len(before) < len(after)
    assert {name: after[name] for name in before} == before  # none of those was trained again
    again = trueward("resume", str(broken))
    assert again.returncode == 2
    assert "finished already" in again.stderr


def test_an_interrupted_comparison_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    played, step = [], Market.step

    def interrupted(self: Market) -> None:
        played.append(1)
        if len(played) == 5:  # in the second mechanism's game
            raise KeyboardInterrupt
        step(self)

    options = [word for key, value in SHORT.items() for word in ("--set", f"{key}={value}")]
    with monkeypatch.context() as patch:
        patch.setattr(Market, "step", interrupted)
        broken = trueward("compare", "tuned_market", "--mechanisms", "no_payment,vcg", *options, "--out", "contest")
    assert broken.returncode == 130
    assert "trueward resume contest" in broken.stderr
    before = files(Path("contest"), "*/adapters/stacks/*")
    assert trueward("resume", "contest", "--json").returncode == 0
    assert not Path("contest", "unfinished.json").exists()
    assert before.items() < files(Path("contest"), "*/adapters/stacks/*").items()
    Path("there").mkdir()
    monkeypatch.chdir("there")
    contest = compare("tuned_market", ["no_payment", "vcg"], SHORT)
    write_contest(Path("contest"), contest, datetime.now(UTC), {})
    for name in ("comparison.json", "vcg/rounds.parquet", "no_payment/summary.json"):
        assert Path("contest", name).read_bytes() == Path("../contest", name).read_bytes(), name


@pytest.mark.parametrize("name", ["nowhere", "empty", "finished", "strange"])
def test_what_cannot_be_resumed_is_said_in_a_sentence(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    if name != "nowhere":
        folder.mkdir()
    if name == "finished":
        (folder / "manifest.json").write_text("{}")
    if name == "strange":
        (folder / "config.toml").write_text("reference = [1.0]\nagents = [{rewards = [1.0]}]\n")
        mark = {"command": "rnu", "batch": None, "device": "cpu", "dtype": "float64", "start": "2026-01-01"}
        (folder / "unfinished.json").write_text(json.dumps(mark))
    said = {
        "nowhere": "no such folder",
        "empty": "not the folder of a run",
        "finished": "finished already, nothing is left to resume",
        "strange": "did you mean 'run'",
    }
    answer = trueward("resume", str(folder))
    assert (answer.returncode, answer.stdout) == (2, "")
    assert said[name] in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


def test_a_mark_of_another_version_is_refused(tmp_path: Path) -> None:
    (tmp_path / "unfinished.json").write_text('{"command": "run", "bach": 3}')
    answer = trueward("resume", str(tmp_path))
    assert answer.returncode == 2
    assert "not written by this version" in answer.stderr


def test_what_is_refused_or_trains_nothing_leaves_no_unfinished_folder(tmp_path: Path) -> None:
    bad = trueward("run", *GAME, "--set", 'agents.0.rewards={"reward":"lettres"}', "--out", str(tmp_path / "bad"))
    assert bad.returncode == 2
    assert "did you mean 'letters'" in bad.stderr
    assert not (tmp_path / "bad").exists()
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "unfinished.json").write_text("{}")
    (tmp_path / "old" / "adapters").mkdir()
    plain = trueward("run", "two_camps", "--rounds", "2", "--out", str(tmp_path / "old"), "--overwrite")
    assert plain.returncode == 0
    assert not (tmp_path / "old" / "unfinished.json").exists()
    assert not (tmp_path / "old" / "adapters").exists()
