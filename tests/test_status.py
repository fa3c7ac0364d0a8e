"""`trueward status` says what a folder has reached, and leaves it as it is."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from simulate.fine_tuning.checkpoint import CHECKPOINT, Checkpoint
from simulate.fine_tuning.folder import begin as begin_fine_tune
from simulate.fine_tuning.folder import digest
from simulate.load import load
from simulate.store import resolved_toml
from simulate.unfinished import Unfinished, begin
from tests.test_cli import trueward
from tests.test_reports import STARTED, write_game


def status(folder: Path) -> dict:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = trueward("status", str(folder), "--json")
    assert done.returncode == 0, done.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
    return json.loads(done.stdout)


def interrupted(folder: Path, command: str, mechanisms: tuple[str, ...] = ()) -> Path:
    """As a kill leaves it: two batches of three rounds, of which the first was played."""
    config = load("tuned_market", {"rounds": 3, "replicates": 4})
    begin(folder, resolved_toml(config), Unfinished(command, 2, "cpu", "float64", STARTED.isoformat(), mechanisms))
    for game in mechanisms or (".",):
        place = folder / game / "adapters"
        (place / "deployed").mkdir(parents=True)
        (place / "stacks").mkdir()
        for number in range(3):
            (place / "deployed" / f"round-000{number}-replicates-0-1.safetensors").touch()
            (place / "stacks" / f"{number}.safetensors").touch()
        (place / "stacks" / ".half.safetensors.1.writing").touch()
    return folder


def test_a_finished_run(tmp_path: Path) -> None:
    found = status(write_game(tmp_path / "run", "two_camps", rounds=2, replicates=2))
    assert (found["what"], found["scenario"], found["ended"]) == ("run", "two_camps", True)
    assert (found["done"], found["total"], found["units"]) == (2, 2, "rounds")
    assert "welfare loss" in found["facts"]["social_welfare+kl+affine_maximizer"]
    assert 0 <= found["age"] < 120


def test_an_interrupted_run_has_the_rounds_that_it_deployed(tmp_path: Path) -> None:
    found = status(interrupted(tmp_path / "run", "run"))
    assert (found["what"], found["ended"], found["done"], found["total"]) == ("run", False, 3, 6)
    assert found["facts"]["stacks of adapters trained"] == "3"


def test_an_interrupted_comparison_has_them_by_mechanism(tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "contest", "compare", ("vcg", "no_payment"))
    (folder / "vcg" / "adapters" / "deployed" / "round-0000-replicates-2-3.safetensors").touch()
    found = status(folder)
    assert (found["what"], found["done"], found["total"]) == ("comparison", 7, 12)
    assert (found["facts"]["vcg"], found["facts"]["no_payment"]) == ("4 of 6 rounds", "3 of 6 rounds")


def test_a_fine_tune_has_the_steps_of_its_checkpoint(tmp_path: Path) -> None:
    from simulate.fine_tuning.build import built
    from simulate.fine_tuning.plan import plan_of

    config = load("two_letters", {"mechanism.fine_tuner.steps": 9})
    begin_fine_tune(tmp_path / "tune", config, {"device": "cpu"}, datetime.now(UTC))
    assert status(tmp_path / "tune")["done"] == 0
    start = built(plan_of(config, "x")).start(2, 1)
    seen = torch.tensor([[0.0, 0.0, 0.1 * step, 0.5, 0.2, 30.0] for step in range(7)], dtype=torch.float64)
    Checkpoint(start, seen).write(tmp_path / "tune", digest(config))
    found = status(tmp_path / "tune")
    assert (found["what"], found["ended"], found["units"], found["total"]) == ("fine-tune", False, "steps", 9)
    assert found["facts"] == {"reward of first": "0.400", "reward of last": "0.500", "kl": "0.200"}  # of the last five
    whole = (tmp_path / "tune" / CHECKPOINT).read_bytes()
    (tmp_path / "tune" / CHECKPOINT).write_bytes(whole[:-20])
    assert "not a whole checkpoint" in status(tmp_path / "tune")["facts"]["checkpoint"]


def test_who_stopped_writing_is_asked_whether_it_lives(tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", "run")
    young = trueward("status", str(folder)).stdout
    assert "3 of 6 rounds" in young
    assert "resume" not in young
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - 4000,) * 2)
    old = trueward("status", str(folder)).stdout
    assert "last write: 66.7 min ago" in old
    assert f"`trueward resume {folder}` goes on" in old


def test_other_folders_are_refused_in_a_sentence(tmp_path: Path) -> None:
    for folder, words in ((tmp_path / "none", "no such folder"), (tmp_path, "neither manifest.json")):
        done = trueward("status", str(folder))
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1


@pytest.mark.slow  # two new processes
def test_watching_ends_when_the_run_does(tmp_path: Path) -> None:
    folder = interrupted(tmp_path / "run", "run")
    screen, wire = pty.openpty()
    command = [sys.executable, "-m", "reports.cli.app", "status", str(folder), "--watch", "--every", "0.2"]
    with subprocess.Popen(command, stdout=wire, stderr=wire, env={**os.environ, "TERM": "xterm"}) as process:
        shown = b""
        while b"3 of 6" not in shown:
            shown += os.read(screen, 4096)
        write_game(tmp_path / "whole", "two_camps", rounds=2, replicates=2)
        for name in ("summary.json", "manifest.json"):
            (tmp_path / "whole" / name).replace(folder / name)
        (folder / "unfinished.json").unlink()
        assert process.wait(60) == 0
    os.set_blocking(screen, False)
    assert b"ended" in shown + os.read(screen, 65536)
    os.close(wire), os.close(screen)
