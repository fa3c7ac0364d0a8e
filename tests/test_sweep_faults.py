"""Nothing is lost, whatever happens: drivers and workers killed at every step, full disks, damaged files."""

from __future__ import annotations

import errno
import json
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import typer

import simulate.sweeps.driver as driver
import simulate.sweeps.folder as folder_
import simulate.sweeps.sweep as sweeping
from reports.cli.sweeping import ended
from reports.standing import standing
from simulate.engines.base import Away, WorkerDied
from simulate.engines.local import LocalPool
from simulate.engines.serial import Serial
from simulate.errors import BadInput
from simulate.sweeps.folder import alone
from simulate.sweeps.ledger import Ledger, counted, read_ledger
from simulate.sweeps.sweep import Playing, resume, sweep
from simulate.sweeps.tasks import Task
from simulate.sweeps.work import Worked, worked
from simulate.whole_file import replace_file
from tests.test_engines import is_alive
from tests.test_sweeps import TINY, bytes_of, sorted_rounds

DIED = 9  # exit code of a process that a test ends in the middle


@pytest.fixture(scope="module", autouse=True)
def small_tasks() -> Iterator[None]:
    """One pack a task, so that there are four of them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulate.sweeps.tasks.TASK_RUNS", 1)
        yield


@pytest.fixture(scope="module")
def whole(small_tasks: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    sweep(TINY, folder)
    return folder


def in_a_child(act: Callable[[], object], kill_after: float | None = None) -> int:
    """What ``act`` does to the disk, in a process that may be killed; its exit code, or minus the signal."""
    child = os.fork()
    if child == 0:
        try:
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def is_whole(folder: Path, whole: Path) -> None:
    """Nothing lost, nothing twice."""
    assert bytes_of(folder) == bytes_of(whole)
    assert sorted_rounds(folder).equals(sorted_rounds(whole))
    assert not [path for path in folder.rglob("*") if ".writing" in path.name]


# The driver


def ending(calls: list[int], last: int, before: bool, act: Callable[..., Any]) -> Callable[..., Any]:
    """The process ends with the call number ``last`` of all that are counted, before or after it acts."""

    def counted(*given: Any, **named: Any) -> Any:
        calls[0] += 1
        if calls[0] == last and before:
            os._exit(DIED)
        found = act(*given, **named)
        if calls[0] == last:
            os._exit(DIED)
        return found

    return counted


@pytest.mark.parametrize("before", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["before", "after"])
def test_a_driver_that_dies_at_any_step_has_lost_nothing(before: bool, whole: Path, tmp_path: Path) -> None:
    """Every file that is put in its place, and every commit, is the last thing that a driver does."""
    steps = 0
    while True:
        steps += 1
        place = tmp_path / str(steps)

        def act(place: Path = place, last: int = steps) -> None:
            calls = [0]
            for module in (folder_, sweeping):
                module.replace_file = ending(calls, last, before, replace_file)
            Ledger.keep = ending(calls, last, before, Ledger.keep)
            sweep(TINY, place)

        code = in_a_child(act)
        if code == 0:
            break
        assert code == DIED
        kept = read_ledger(place).entries if (place / "config.toml").is_file() else {}
        again: list[int] = []
        sweep(TINY, place, Playing(progress=lambda runs, total, again=again: again.append(runs)))
        left = 12 - len(kept)
        assert sum(again) in (left, left - 3)  # of a first task without a commit, the tables are there
        is_whole(place, whole)
    assert steps - 1 == 2 + 4 * 3 + 2  # config, manifest; two tables and a commit a task; results, manifest


def killed_and_resumed(place: Path, whole: Path, kills: int, seed: int, engine: Any = None) -> int:
    """Kills at random moments, one after the other, until a driver ends by itself; how many hit one at work."""
    moments, hits = random.Random(seed), 0
    playing = Playing() if engine is None else Playing(engine=engine)
    for _ in range(kills):
        code = in_a_child(lambda: sweep(TINY, place, playing), kill_after=moments.uniform(0.0, 0.2))
        hits += code == -signal.SIGKILL
    sweep(TINY, place)
    is_whole(place, whole)
    return hits


def test_drivers_killed_at_random_moments(whole: Path, tmp_path: Path) -> None:
    hits = sum(killed_and_resumed(tmp_path / str(i), whole, 2, i) for i in range(5))
    assert hits >= 3


@pytest.mark.slow
def test_a_driver_killed_at_thirty_random_moments(whole: Path, tmp_path: Path) -> None:
    hits = sum(killed_and_resumed(tmp_path / str(i), whole, 1, 100 + i) for i in range(30))
    assert hits >= 15


def test_one_driver_at_a_time(whole: Path, tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "a")
    with alone(tmp_path / "a"), pytest.raises(BadInput, match="another trueward is at work"):
        resume(tmp_path / "a")
    before = (tmp_path / "a" / "config.toml").read_bytes()
    with alone(tmp_path / "a"), pytest.raises(BadInput, match="another trueward is at work"):
        sweep({**TINY, "seed": 8}, tmp_path / "a")
    assert (tmp_path / "a" / "config.toml").read_bytes() == before  # a driver at work keeps its file
    resume(tmp_path / "a")


DRIVER = """
import time
from pathlib import Path
from simulate.sweeps.work import worked
def some(*task):
    if any(Path("a/rounds").glob("*.parquet")):
        time.sleep(600)
    return worked(*task)
if __name__ == "__main__":
    import simulate.sweeps.driver as driver, simulate.sweeps.tasks as tasks
    from reports.cli.app import main
    tasks.TASK_RUNS = 1
    driver.worked = some
    main()
"""  # nobody sees the end of the tasks after those that two workers begin with: the last is given out when one is kept


@pytest.mark.parametrize(
    ("sent", "codes", "said"),
    [
        ([signal.SIGINT], [130], "interrupted"),
        pytest.param([signal.SIGINT] * 2, [130, -signal.SIGINT], "interrupted", marks=pytest.mark.slow),
        pytest.param([signal.SIGTERM], [143], "terminated", marks=pytest.mark.slow),
    ],
    ids=["once", "twice", "terminated"],
)
def test_whoever_interrupts_is_told_how_to_go_on(
    sent: list[int], codes: list[int], said: str, whole: Path, tmp_path: Path
) -> None:
    (tmp_path / "grid.yaml").write_text(json.dumps(TINY))
    (tmp_path / "driver.py").write_text(DRIVER)
    command = [sys.executable, "driver.py", "sweep", "grid.yaml", "--out", "a", "--workers", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, stderr=subprocess.PIPE, text=True, env=os.environ | PATHS,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # in the background one may be deaf
    )  # fmt: skip
    until = time.monotonic() + 60
    while not counted(tmp_path / "a") and time.monotonic() < until:
        time.sleep(0.05)
    workers = children(running.pid)
    for one in sent:
        running.send_signal(one)
        time.sleep(0.05)
    stderr = running.communicate(timeout=60)[1]
    assert running.returncode in codes
    assert stderr == f"trueward: {said}; what is done is kept; `trueward resume a` goes on\n"
    assert len(workers) >= 2
    until = time.monotonic() + 2
    while any(is_alive(pid) for pid in workers) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in workers if is_alive(pid)]
    kept = read_ledger(tmp_path / "a").entries
    assert 3 <= len(kept) < 12


PATHS = {"PYTHONPATH": str(Path(__file__).parent.parent), "OMP_NUM_THREADS": "1"}


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()] + [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        if task.name != str(pid)
        for child in (task / "children").read_text().split()
    ]


# Workers


class Poisoned(LocalPool):
    """Plays by another function of this module."""

    def __init__(self, play: Callable[..., Worked], *given: Any) -> None:
        super().__init__(*given)
        self._play = play

    def submit(self, function: Any, /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        return super().submit(self._play, *arguments, seconds=seconds)


def deadly(task: Task, *how: Any) -> Worked:
    """Whoever plays a replicate 1 dies of it."""
    if any(key.endswith("000001") for key in task.keys):
        os.kill(os.getpid(), signal.SIGKILL)
    return worked(task, *how)


def deadly_once(task: Task, *how: Any) -> Worked:
    """The first who plays at all dies of it."""
    mark = Path(os.environ["TRUEWARD_TEST_MARK"])
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return worked(task, *how)


def endless(task: Task, *how: Any) -> Worked:
    """Nobody has seen the end of a replicate 2."""
    if any(key.endswith("000002") for key in task.keys):
        time.sleep(600)
    return worked(task, *how)


def greedy(task: Task, *how: Any) -> Worked:
    """A replicate 0 wants more than there is."""
    if any(key.endswith("000000") for key in task.keys):
        bytearray(10**10)
    return worked(task, *how)


class Dying(Serial):
    """Says of every replicate 1 that its worker died."""

    def submit(self, function: Any, /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        if any(key.endswith("000001") for key in arguments[0].keys):
            lost: Future[Any] = Future()
            lost.set_exception(WorkerDied(-signal.SIGKILL))
            return lost
        return super().submit(function, *arguments)


class Going(Serial):
    """Plays the call with this number, and is gone for all others."""

    def __init__(self, played: int = 0) -> None:
        self.played, self.numbers = played, count()

    def submit(self, function: Any, /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        if next(self.numbers) != self.played:
            away: Future[Any] = Future()
            away.set_exception(Away("--address head:1: the cluster is gone"))
            return away
        return super().submit(function, *arguments)


@pytest.mark.parametrize("played", [0, 1])
def test_a_cluster_that_is_gone_is_no_fault_of_the_runs(
    played: int, whole: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What came back is kept, whether the news that all else is lost came before it or after."""
    with pytest.raises(Away, match="the cluster is gone"):
        sweep(TINY, tmp_path / "a", Playing(engine=Going(played)))
    assert {entry.state for entry in read_ledger(tmp_path / "a").entries.values()} == {"done"}
    with pytest.raises(typer.Exit) as ended_with:
        ended(tmp_path / "a", False, lambda tell: resume(tmp_path / "a", Playing(engine=Going())))
    assert ended_with.value.exit_code == 1
    assert "the cluster is gone; what is done is kept; `trueward resume" in capsys.readouterr().err
    resume(tmp_path / "a")
    is_whole(tmp_path / "a", whole)


@pytest.mark.parametrize("engine", [Dying(), pytest.param(lambda: Poisoned(deadly, 2), marks=pytest.mark.slow)])
def test_a_poison_run_takes_nobody_with_it(engine: Any, whole: Path, tmp_path: Path) -> None:
    one = {"mechanism": "vcg", "mechanism.beta": 1.0}  # every death costs the start of a worker
    table = sweep(TINY, tmp_path / "a", Playing(engine=engine, only=one))
    lost = table[table["state"] == "failed"]
    assert lost["replicate"].tolist() == [1]
    assert set(lost["failure"]) == {"died: the worker died (signal 9)"}
    known = read_ledger(tmp_path / "a")
    attempts = {key[-1]: entry.attempt for key, entry in known.entries.items()}
    assert attempts == {"0": 2, "1": 3, "2": 2}  # with the others, alone, alone once more
    assert len(known.events) == 3
    resume(tmp_path / "a", Playing(retry_failed=True))
    is_whole(tmp_path / "a", whole)


def test_a_worker_killed_once_is_forgiven(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUEWARD_TEST_MARK", str(tmp_path / "mark"))
    sweep(TINY, tmp_path / "a", Playing(engine=lambda: Poisoned(deadly_once, 1)))
    is_whole(tmp_path / "a", whole)
    known = read_ledger(tmp_path / "a")
    assert sorted(entry.attempt for entry in known.entries.values()) == [1] * 9 + [2] * 3
    assert "the worker died (signal 9)" in known.events[0][1]


@pytest.mark.slow
def test_a_run_without_end_and_a_run_without_measure(whole: Path, tmp_path: Path) -> None:
    limits = driver.Limits(seconds=3.0)
    one = {"mechanism": "vcg", "mechanism.beta": 1.0}
    table = sweep(TINY, tmp_path / "a", Playing(engine=lambda: Poisoned(endless, 2), limits=limits, only=one))
    lost = table[table["state"] == "failed"]
    assert set(lost["replicate"]) == {2}
    assert set(lost["failure"]) == {"timeout: not done after 3 s"}
    table = sweep(TINY, tmp_path / "b", Playing(engine=lambda: Poisoned(greedy, 2, 3 * 10**9), only=one))
    lost = table[table["state"] == "failed"]
    assert set(lost["replicate"]) == {0}
    assert all(text.startswith("memory: ") for text in lost["failure"])


# The disk


def test_a_full_disk_is_said_and_nothing_is_lost(whole: Path, tmp_path: Path) -> None:
    """Files may not grow beyond a size: the kernel then fails the same writes as on a full disk."""
    place = tmp_path / "a"

    def act() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        sweep(TINY, place, Playing(only={"mechanism": "vcg", "mechanism.beta": 1.0}))
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))
        try:
            resume(place)
        except OSError as error:
            os._exit(error.errno)
        except sqlite3.OperationalError:
            os._exit(errno.EFBIG)

    assert in_a_child(act) == errno.EFBIG
    assert 3 <= len(read_ledger(place).entries) < 12
    resume(place)
    is_whole(place, whole)


def test_a_full_ledger_is_said_and_nothing_is_lost(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, opened = tmp_path / "a", sweeping._opened

    def nearly_full(folder: Path) -> Ledger:
        ledger = opened(folder)
        pages = ledger._base.execute("PRAGMA page_count").fetchone()[0]
        ledger._base.execute(f"PRAGMA max_page_count = {pages}")
        return ledger

    monkeypatch.setattr(sweeping, "_opened", nearly_full)
    with pytest.raises(sqlite3.OperationalError, match="full"):
        sweep(TINY, place)
    monkeypatch.undo()
    resume(place)
    is_whole(place, whole)


def flip(path: Path, where: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(where * (len(content) - 1))] ^= 0x10
    path.write_bytes(content)


@pytest.mark.parametrize("part", ["rounds", "outcomes"])
@pytest.mark.parametrize("harm", ["flipped", "cut", "emptied", "removed"])
def test_a_damaged_table_is_played_again(part: str, harm: str, whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    victim = sorted((place / part).iterdir())[1]
    match harm:
        case "flipped":
            flip(victim, 0.6)
        case "cut":
            victim.write_bytes(victim.read_bytes()[:-100])
        case "emptied":
            victim.write_bytes(b"")
        case "removed":
            victim.unlink()
    played: list[int] = []
    resume(place, Playing(progress=lambda runs, total: played.append(runs)))
    assert played == [3]
    is_whole(place, whole)
    assert victim.name[:-8] in read_ledger(place).events[-1][1]


@pytest.mark.parametrize("harm", [b"", b"SQLite format 3\x00 and then nonsense" * 200, None])
def test_a_lost_ledger_is_made_anew_from_the_tables(harm: bytes | None, whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    if harm is None:
        (place / "ledger.sqlite").unlink()
    else:
        (place / "ledger.sqlite").write_bytes(harm)
    played: list[int] = []
    resume(place, Playing(progress=lambda runs, total: played.append(runs)))
    assert played == []
    is_whole(place, whole)


def test_what_is_taken_from_the_tables_is_checked(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    (place / "ledger.sqlite").unlink()
    flip(sorted((place / "rounds").iterdir())[0], 0.5)
    played: list[int] = []
    resume(place, Playing(progress=lambda runs, total: played.append(runs)))
    assert played == [3]
    is_whole(place, whole)


def test_a_folder_that_nobody_may_write_can_be_read(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert len(read_ledger(place).entries) == 12
    assert sorted(path.name for path in place.iterdir()) == sorted(path.name for path in whole.iterdir())


def test_a_log_that_outlived_its_ledger_is_not_played_into_the_next(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    with Ledger(place) as ledger:
        ledger.forget(next(iter(ledger.read().shards)))
        log = (place / "ledger.sqlite-wal").read_bytes()
    assert log
    (place / "ledger.sqlite").unlink()
    (place / "ledger.sqlite-wal").write_bytes(log)
    played: list[int] = []
    resume(place, Playing(progress=lambda runs, total: played.append(runs)))
    assert not played  # the tables have everything
    assert not [what for _, what in read_ledger(place).events if "damaged" in what]
    is_whole(place, whole)


WATCHING = """
import sys, time
from pathlib import Path
from reports.standing import standing
place, seen = Path(sys.argv[1]), []
until = time.monotonic() + 60
print("ready", flush=True)
while time.monotonic() < until:
    begun = (place / "config.toml").is_file()
    try:
        found = standing(place)
    except Exception as error:
        if begun:
            raise
        continue
    seen.append(found.done)
    if found.ended:
        break
print(found.done, found.total, seen == sorted(seen), flush=True)
"""


@pytest.mark.parametrize("many", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_others_watch_while_one_plays(many: int, whole: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WATCHING, str(tmp_path / "a")]
    watchers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | PATHS) for _ in range(many)
    ]
    for watcher in watchers:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == "ready\n"
    sweep(TINY, tmp_path / "a")
    assert [watcher.communicate(timeout=60)[0] for watcher in watchers] == ["12 12 True\n"] * many
    is_whole(tmp_path / "a", whole)


def test_a_sweep_says_how_far_it_is(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sweep(TINY, tmp_path / "a", Playing(engine=Dying(), only={"mechanism": "vcg"}))
    found = standing(tmp_path / "a")
    assert (found.what, found.done, found.total, found.ended) == ("sweep", 6, 12, False)
    assert dict(found.facts)["failed"] == "2: 2 x died"
    assert re.fullmatch(r"[\d,]+ runs a minute, .* left", dict(found.facts)["pace"])
    ledger, manifest = tmp_path / "a" / "ledger.sqlite", tmp_path / "a" / "manifest.json"
    said = {"schema_version": 1, "runs": 12, "before": 2, "start": "2026-01-01T00:00:00+00:00"}
    manifest.write_text(json.dumps(said))
    began = datetime.fromisoformat(said["start"]).timestamp()
    os.utime(ledger, (began + 120, began + 120))
    assert dict(standing(tmp_path / "a").facts)["pace"] == "2 runs a minute, 3.0 min left"
    manifest.write_text('{"schema_version": 1, "runs": 12}')
    assert "pace" not in dict(standing(tmp_path / "a").facts)
    before = sorted(whole.iterdir())
    assert standing(whole).ended
    assert sorted(whole.iterdir()) == before  # whoever looks leaves nothing behind
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    assert standing(whole).done == 12
