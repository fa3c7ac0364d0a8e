"""Engines: calls, deaths, time limits, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import Future, wait
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest

from simulate.engines.base import Away, Elsewhere, Pool, Resources, TimedOut, WorkerDied
from simulate.engines.cluster import RayPool, cluster
from simulate.engines.local import local
from simulate.engines.serial import serial
from simulate.errors import BadInput


def square(x: int) -> int:
    return x * x


def die_of(what: int) -> None:
    os.kill(os.getpid(), what)


def die_once(mark: Path) -> str:
    if not mark.exists():
        mark.touch()
        os._exit(7)
    return "alive"


def nap(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()


def refuse() -> None:
    raise BadInput("agents.0.weight is -1; allowed is 0 and more")


class Clingy(Exception):
    """Cannot be rebuilt from its arguments."""

    def __init__(self, message: str, more: object) -> None:
        super().__init__(message)


def cling() -> None:
    raise Clingy("no\x1b[31m way", lambda: 1)


def eat(size: int) -> int:
    return len(bytearray(size))


def threads(_: Any = None) -> str:
    return os.environ["OMP_NUM_THREADS"]


@pytest.mark.parametrize("engine", [serial, local(1), local(2)], ids=["serial", "one", "two"])
def test_calls_come_back_to_whom_they_belong(engine: Any) -> None:
    with engine() as pool:
        futures = [pool.submit(square, i) for i in range(20)]
        refused, unknown = pool.submit(refuse), pool.submit(cling)
        assert [future.result(60) for future in futures] == [i * i for i in range(20)]
        with pytest.raises(BadInput, match="allowed is 0 and more"):
            refused.result(60)
        with pytest.raises((Clingy, Elsewhere), match="way"):
            unknown.result(60)


def test_a_death_is_blamed_on_its_own_call_alone() -> None:
    with local(2)() as pool:
        fates = [pool.submit(die_of, signal.SIGKILL) if i % 3 == 0 else pool.submit(square, i) for i in range(9)]
        wait(fates, 120)
        for i, fate in enumerate(fates):
            if i % 3 == 0:
                assert isinstance(fate.exception(), WorkerDied)
                assert "signal 9" in str(fate.exception())
            else:
                assert fate.result() == i * i


def test_a_call_that_takes_too_long_is_ended_and_the_pool_still_serves() -> None:
    with local(1)() as pool:
        slow, quick, after = pool.submit(nap, 60, seconds=0.3), pool.submit(nap, 0, seconds=0.3), pool.submit(square, 3)
        began = time.monotonic()
        assert after.result(60) == 9
        assert quick.result() > 0  # the start of a worker, longer than that, does not count
        assert isinstance(slow.exception(), TimedOut)
        assert time.monotonic() - began < 30


def test_memory_beyond_the_cap_fails_the_call_alone() -> None:
    with local(1, memory=300_000_000)() as pool:
        too_much, little = pool.submit(eat, 10**9), pool.submit(eat, 10**6)
        assert isinstance(too_much.exception(60), MemoryError)
        assert little.result(60) == 10**6


def test_what_cannot_travel_is_said_and_the_worker_lives() -> None:
    with local(1)() as pool:
        with pytest.raises((AttributeError, TypeError), match=r"local|pickle"):
            pool.submit(lambda: 1).result(60)
        assert pool.submit(square, 2).result(60) == 4


def test_workers_use_one_thread_whatever_the_shell_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    with local(1)() as pool:
        assert pool.submit(threads).result(60) == "1"


def test_leaving_by_an_exception_ends_everything() -> None:
    running: list[Future[int]] = []

    def leave(pool: Pool) -> None:
        running.extend([pool.submit(nap, 600), pool.submit(nap, 600), pool.submit(nap, 600)])
        assert pool.submit is not None
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), local(2)() as pool:
        leave(pool)
    assert active_children() == []
    assert all(future.done() for future in running)


class Locked(Future[Any]):
    """Nobody but its maker can settle it."""

    def __init__(self) -> None:
        super().__init__()
        self._condition.acquire()


@pytest.mark.parametrize("begun", [False, True], ids=["before it is called", "while it is called"])
def test_an_interrupt_that_leaves_a_future_locked_ends_everything(begun: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does in the middle of `concurrent.futures.wait`, between the lock of one future and that of the next."""

    def leave(pool: Pool) -> None:
        future = pool.submit(nap, 600)
        while not (future.running() if begun else active_children()):
            time.sleep(0.01)
        future._condition.acquire()
        raise KeyboardInterrupt

    if not begun:
        monkeypatch.setattr(sys.modules["simulate.engines.local"], "Future", Locked)
    with pytest.raises(KeyboardInterrupt), local(1)() as pool:
        leave(pool)
    assert active_children() == []


ORPHANS = """
import sys, time
sys.path.insert(0, {tests!r})
from test_engines import local, nap
if __name__ == "__main__":
    pool = local(2)().__enter__()
    print(pool.submit(nap, 0).result(), pool.submit(nap, 0).result(), flush=True)
    busy = [pool.submit(nap, 600), pool.submit(nap, 600)]
    time.sleep(600)
"""


def test_no_worker_outlives_a_killed_driver_by_two_seconds(tmp_path: Path) -> None:
    script = tmp_path / "driver.py"
    script.write_text(ORPHANS.format(tests=str(Path(__file__).parent)))
    driver = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert driver.stdout is not None
    workers = [int(pid) for pid in driver.stdout.readline().split()]
    driver.kill()
    driver.wait()
    until = time.monotonic() + 2
    while any(is_alive(pid) for pid in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert len(workers) == 2
    assert not [pid for pid in workers if is_alive(pid)]


@pytest.fixture
def ray_of_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of Ray, which tests/test_ray.py needs: in the process that Ray lives in, and nowhere else."""
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "ray_of_tests"))


def test_a_cluster_is_spoken_to_through_a_process_of_its_own(
    ray_of_tests: None, capfd: pytest.CaptureFixture[str]
) -> None:
    before = "ray" in sys.modules  # some library may have loaded it
    with cluster(Resources(address="auto"))() as pool:
        assert pool.width == 2
        futures = [pool.submit(square, i) for i in range(20)]
        assert [future.result(60) for future in futures] == [i * i for i in range(20)]
        with pytest.raises(BadInput, match="allowed is 0 and more"):
            pool.submit(refuse).result(60)
        with pytest.raises((Clingy, Elsewhere), match="way"):
            pool.submit(cling).result(60)
        with pytest.raises((AttributeError, TypeError), match=r"local|pickle"):
            pool.submit(lambda: 1)
    assert capfd.readouterr() == ("", "")
    assert ("ray" in sys.modules) == before


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ("deaf", Away, "no Ray cluster answered"),
        ("wrong", Away, "--address auto: the token is missing or wrong"),
        ("gone", Away, "--address auto: the cluster is gone"),
        ("bare", Away, "the cluster cannot play: No module named 'simulate'"),
        ("crash", WorkerDied, "the worker died"),
    ],
)
def test_a_cluster_that_goes_wrong_is_a_sentence(
    how: str, error: type[Exception], said: str, ray_of_tests: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUEWARD_TEST_RAY", how)
    monkeypatch.setattr(sys.modules["simulate.engines.cluster"], "PATIENCE", 0.5)
    with pytest.raises(error, match=said), cluster(Resources(address="auto"))() as pool:
        pool.submit(square, 2).result(60)
    assert active_children() == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            Resources(address="auto", gpus=0.25),
            "no machine of the cluster at auto has so many; the GPUs of its 1 are 0",
        ),
        (Resources(address="auto", gpus=1.5), "a share of one GPU, or whole ones"),
        (Resources(), "needs --address"),
    ],
)
def test_what_a_cluster_lacks_is_refused(given: Resources, said: str, ray_of_tests: None) -> None:
    with pytest.raises(BadInput, match=said), cluster(given)():
        pass


def test_a_port_that_nobody_listens_at_is_known_at_once() -> None:
    with pytest.raises(Away, match=r"127\.0\.0\.1:9: nobody listens there"):
        RayPool(Resources(address="127.0.0.1:9")).__enter__()
    with pytest.raises(Away, match="nobody listens there"):
        RayPool(Resources(address="127.0.0.1:99999")).__enter__()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
