"""Sweeps on a Ray cluster: the same bytes, deaths, limits, and what cannot be reached.  `make test-ray` runs these."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from simulate.engines.base import Elsewhere, Resources, TimedOut, WorkerDied
from simulate.engines.cluster import cluster
from simulate.errors import BadInput
from simulate.sweeps.ledger import read_ledger
from simulate.sweeps.sweep import Playing, resume, sweep
from simulate.sweeps.tasks import Task
from simulate.sweeps.work import Worked, worked
from tests.pages import ROOT, blocks
from tests.ray_heads import Head, head, until
from tests.test_engines import Clingy, cling, die_of, die_once, eat, is_alive, nap, refuse, square
from tests.test_sweeps import TINY, bytes_of, sorted_rounds

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find_spec("ray") is None, reason="the extra ray is not installed; `make test-ray` installs it"),
]
LONG = {**TINY, "grid": {**TINY["grid"], "rounds": [300], "seed": [1, 2, 3, 4]}}


@pytest.fixture(scope="module")
def ours() -> Iterator[Head]:
    """A head of two CPUs; its token is in the environment before Ray is imported for the first time."""
    with head() as found, pytest.MonkeyPatch.context() as patch:
        for key, value in found.env.items():
            patch.setenv(key, value)
        yield found


@pytest.fixture
def small_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pack a task, so that there are several of them."""
    monkeypatch.setattr("simulate.sweeps.tasks.TASK_RUNS", 1)


def at(found: Head, **more: Any) -> Any:
    return cluster(Resources(address=found.address, **more))


def test_calls_come_back_and_deaths_are_their_own(ours: Head, tmp_path: Path) -> None:
    with at(ours)() as pool:
        assert pool.width == 2
        futures = [pool.submit(square, i) for i in range(6)]
        dead, slow = pool.submit(die_of, signal.SIGKILL), pool.submit(nap, 60, seconds=0.3)
        refused, odd, after = pool.submit(refuse), pool.submit(cling), pool.submit(square, 9)
        assert [future.result(60) for future in futures] == [0, 1, 4, 9, 16, 25]
        assert isinstance(dead.exception(60), WorkerDied)
        assert isinstance(slow.exception(60), TimedOut)
        with pytest.raises(BadInput, match="allowed is 0 and more"):
            refused.result(60)
        with pytest.raises((Clingy, Elsewhere), match="way"):
            odd.result(60)
        assert after.result(60) == 81
        mark = tmp_path / "mark"
        assert isinstance(pool.submit(die_once, mark).exception(60), WorkerDied)  # Ray itself never calls twice
        assert pool.submit(die_once, mark).result(60) == "alive"


def test_memory_beyond_the_cap_fails_the_call_alone(ours: Head) -> None:
    with at(ours, memory=3 * 10**9)() as pool:
        too_much, little = pool.submit(eat, 10**10), pool.submit(eat, 10**6)
        assert isinstance(too_much.exception(60), MemoryError)
        assert little.result(60) == 10**6


def test_a_sweep_is_the_same_bytes_and_asks_no_name_server(
    ours: Head, tmp_path: Path, small_tasks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    resolve = socket.getaddrinfo

    def heard(host: Any, *given: Any, **more: Any) -> Any:
        asked.append(host.decode() if isinstance(host, bytes) else str(host))
        return resolve(host, *given, **more)

    monkeypatch.setattr(socket, "getaddrinfo", heard)
    sweep(TINY, tmp_path / "here")
    sweep(TINY, tmp_path / "there", Playing(engine=at(ours)))
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")
    assert sorted_rounds(tmp_path / "there").equals(sorted_rounds(tmp_path / "here"))
    assert set(asked) <= {"127.0.0.1", "localhost", "None"}


def deadly(task: Task, *how: Any) -> Worked:
    """Whoever plays a replicate 1 dies of it."""
    if any(key.endswith("000001") for key in task.keys):
        os.kill(os.getpid(), signal.SIGKILL)
    return worked(task, *how)


def deadly_once(task: Task, *how: Any) -> Worked:
    """The first who plays at all dies of it."""
    mark = Path(os.environ["RAY_AUTH_TOKEN_PATH"]).with_name("mark")
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return worked(task, *how)


def test_a_poison_run_fails_alone(
    ours: Head, tmp_path: Path, small_tasks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {**TINY, "grid": {"rounds": [2], "exploitability": [0]}}
    monkeypatch.setattr("simulate.sweeps.driver.worked", deadly)
    table = sweep(small, tmp_path / "a", Playing(engine=at(ours)))
    assert table["state"].tolist() == ["done", "failed", "done"], table["failure"].tolist()
    assert table["failure"].tolist()[1] == "died: the worker died"
    assert read_ledger(tmp_path / "a").entries[table["run_key"][1]].attempt == 3
    monkeypatch.setattr("simulate.sweeps.driver.worked", worked)
    resume(tmp_path / "a", Playing(retry_failed=True))
    sweep(small, tmp_path / "whole")
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "whole")


def test_a_worker_that_dies_once_costs_nothing_but_time(
    ours: Head, tmp_path: Path, small_tasks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulate.sweeps.driver.worked", deadly_once)
    sweep(TINY, tmp_path / "a", Playing(engine=at(ours)))
    sweep(TINY, tmp_path / "whole")
    assert bytes_of(tmp_path / "a") == bytes_of(tmp_path / "whole")
    known = read_ledger(tmp_path / "a")
    assert sorted(entry.attempt for entry in known.entries.values()) == [1] * 9 + [2] * 3
    assert sum("the worker died" in what for _, what in known.events) == 1


def test_a_share_of_a_gpu_is_a_hand(tmp_path: Path, ours: Head) -> None:
    """The GPU is only said to be there; Ray counts its shares, and who asks for more than there are is told."""
    with head(cpus=8, gpus=1) as second:
        assert "8 runs by 4" in told(
            tmp_path,
            "from simulate.engines.base import Resources; from simulate.engines.cluster import cluster;"
            f"pool = cluster(Resources(address={second.address!r}, gpus=0.25))().__enter__();"
            "print(sum(pool.submit(pow, 2, i).result(60) == 2**i for i in range(8)), 'runs by', pool.width)",
            second.env,
        )
        said = refusal(tmp_path, ["--address", second.address, "--gpus", "2"], second.env)[1]
        assert "--gpus 2: no machine of the cluster" in said
        assert "the GPUs of its 1 are 1" in said
        assert "whole ones" in refusal(tmp_path, ["--address", second.address, "--gpus", "1.5"], second.env)[1]


def told(folder: Path, code: str, env: dict[str, str]) -> str:
    """What a process of its own prints: Ray can be in one cluster at a time, and reads its token once."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def deaf() -> Iterator[str]:
    """The address of somebody who listens and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(8)
        yield f"127.0.0.1:{listening.getsockname()[1]}"


def command(more: list[str], file: str = "tiny.json") -> list[str]:
    return [sys.executable, "-m", "reports.cli.app", "sweep", file, "--out", "out", "--engine", "ray", *more]


def refusal(folder: Path, more: list[str], env: dict[str, str]) -> tuple[int, str]:
    """The exit code of a sweep with these options, and what it says: one line, and soon."""
    (folder / "tiny.json").write_text(json.dumps(TINY))
    began = time.monotonic()
    done = subprocess.run(
        command(more), cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, timeout=90
    )
    assert time.monotonic() - began < 10 + 8  # the start of Python, torch and Ray
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--address", "127.0.0.1:9"], 1, "nobody listens there"),
        (["--address", "192.0.2.77:9"], 1, "nobody listens there"),
        (["--address", "192.0.2.77"], 1, "--address 192.0.2.77"),
        (["--address", "DEAF"], 1, "--address 127.0.0.1"),
        (["--address", "OURS", "--gpus", "1"], 2, "the GPUs of its 1 are 0"),
        (["--address", ""], 2, "--engine ray needs --address"),
        ([], 2, "--engine ray needs --address"),
    ],
    ids=["closed", "nowhere", "no port", "deaf", "no GPU", "empty", "unsaid"],
)
def test_what_is_not_there_is_a_sentence_within_ten_seconds(
    more: list[str], code: int, said: str, ours: Head, deaf: str, tmp_path: Path
) -> None:
    found = [ours.address if word == "OURS" else deaf if word == "DEAF" else word for word in more]
    refused, heard = refusal(tmp_path, found, ours.env)
    assert said in heard
    assert refused == code


def test_the_cluster_of_this_machine_is_found(ours: Head, tmp_path: Path) -> None:
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    env = {**os.environ, **ours.env}
    done = subprocess.run(
        command(["--address", "auto"]), cwd=tmp_path, env=env, capture_output=True, text=True, timeout=90
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "12 runs: out/results.parquet\n", "")


def test_a_wrong_token_is_a_sentence(ours: Head, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("0" * 64)
    code, said = refusal(
        tmp_path, ["--address", ours.address], {**ours.env, "RAY_AUTH_TOKEN_PATH": str(tmp_path / "token")}
    )
    assert code == 1
    assert f"--address {ours.address}" in said


def test_without_the_extra_its_name_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["simulate.engines.cluster"], "find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r"pip install 'trueward\[ray\]'"):
        cluster(Resources(address="auto"))


def test_the_cluster_file_of_the_page_is_one_that_ray_reads() -> None:
    import jsonschema
    from ruamel.yaml import YAML

    (file,) = [block.code for block in blocks(ROOT / "docs/how-to/run-on-a-cluster.md") if block.language == "yaml"]
    found = find_spec("ray")
    assert found is not None
    assert found.origin is not None
    schema = json.loads(Path(found.origin).with_name("autoscaler").joinpath("ray-schema.json").read_text())
    jsonschema.validate(YAML(typ="safe").load(file), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"cluster_name": "trueward"}, schema)


def begun(folder: Path, found: Head) -> subprocess.Popen[str]:
    """A long sweep that has kept its first task."""
    (folder / "long.json").write_text(json.dumps(LONG))
    driver = "import simulate.sweeps.tasks as t; t.TASK_RUNS = 1; from reports.cli.app import main; main()"
    running = subprocess.Popen(
        [sys.executable, "-c", driver, *command(["--address", found.address], "long.json")[3:]],
        cwd=folder, env={**os.environ, **found.env}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert until(lambda: list(folder.glob("out/rounds/*.parquet")), 90)
    return running


@pytest.mark.parametrize(
    ("sent", "code", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_whoever_interrupts_leaves_no_call_behind(sent: int, code: int, said: str, ours: Head, tmp_path: Path) -> None:
    running = begun(tmp_path, ours)
    running.send_signal(sent)
    stderr = running.communicate(timeout=60)[1]
    assert running.returncode == code
    assert stderr == f"trueward: {said}; what is done is kept; `trueward resume out` goes on\n"
    with at(ours)() as pool:  # both hands are free again
        assert [pool.submit(square, i).result(30) for i in range(4)] == [0, 1, 4, 9]


def test_a_cluster_lost_midway_is_a_sentence_and_the_sweep_goes_on_elsewhere(tmp_path: Path) -> None:
    with head() as second:
        running = begun(tmp_path, second)
        second.kill()
        stderr = running.communicate(timeout=120)[1]
    assert running.returncode == 1
    assert "Traceback" not in stderr
    assert "`trueward resume out` goes on" in stderr
    kept = len(read_ledger(tmp_path / "out").entries)
    assert 0 < kept < 48
    played: list[int] = []
    resume(tmp_path / "out", Playing(progress=lambda runs, total: played.append(runs)))
    assert sum(played) == 48 - kept
    sweep(LONG, tmp_path / "whole")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_nothing_is_left_of_a_head(tmp_path: Path) -> None:
    with head(cpus=1) as found:
        pids = found.processes()
        assert pids
    assert until(lambda: not [pid for pid in pids if is_alive(pid)], 5)
    assert not found.folder.exists()
