"""Nobody outside hears of what is played, nobody can listen in, and nothing is left that everybody may write to."""

from __future__ import annotations

import json
import os
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulate.whole_file import DRAFT, replace_file
from tests.pages import ROOT
from tests.test_sweep_faults import children

HOOK = """
import os, sys
ASKED = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "urllib.Request")
def heard(event, given):
    outside = event in ASKED or (event in ("socket.connect", "socket.bind", "socket.sendto") and given[0].family != 1)
    if outside:
        with open(os.environ["TRUEWARD_TEST_HEARD"], "a") as file:
            file.write(f"{event} {given[1:]}\\n")
sys.addaudithook(heard)
if os.environ.get("TRUEWARD_TEST_CALLS"):
    import socket
    socket.getaddrinfo("localhost", 1)
"""
GRID = {
    "base": "three_strangers",
    "grid": {"mechanism": ["vcg", "no_payment"], "mechanism.beta": [0.2, 0.5, 1.0], "rounds": [100]},
    "replicates": 2,
}


COMMANDS = """
import sys
from reports.cli.app import app
if __name__ == "__main__":
    from simulate.process import settle
    settle()
    for command in sys.argv[1].split(";"):
        app(command.split(), standalone_mode=False)
"""


def overheard(folder: Path, *arguments: str, **more: str) -> subprocess.Popen[str]:
    """A Python with an ear in it, and in every Python that it starts."""
    ear = folder / "ear"
    ear.mkdir(exist_ok=True)
    (ear / "sitecustomize.py").write_text(HOOK)
    env = {**os.environ, "PYTHONPATH": f"{ear}:{ROOT}", "TRUEWARD_TEST_HEARD": str(folder / "heard"), **more}
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=0,
    )  # fmt: skip


def listening(pid: int) -> list[str]:
    """Addresses of all sockets of a process that take connections from a network, from the kernel's tables."""
    found = []
    try:
        held = {link.readlink().name for link in Path(f"/proc/{pid}/fd").iterdir() if link.is_socket()}
        for table in ("tcp", "tcp6", "udp", "udp6"):
            for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
                words = line.split()
                if f"socket:[{words[9]}]" in held and words[3] in ("0A", "07"):  # LISTEN; of udp, unconnected
                    found.append(f"{table} {words[1]}")
    except OSError:  # it has ended
        return found
    return found


def offspring(pid: int) -> list[int]:
    try:
        return children(pid)
    except OSError:
        return []


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str], int]:
    """A folder with a sweep and its report, made under umask 0; what listened meanwhile, and how many were asked."""
    folder = tmp_path_factory.mktemp("quiet")
    (folder / "grid.json").write_text(json.dumps(GRID))
    sweep, report = "sweep grid.json --out grid --workers 2", "report grid --format html,markdown,tables"
    (folder / "commands.py").write_text(COMMANDS)
    driver = overheard(folder, "commands.py", f"{sweep};{report}")
    heard: list[str] = []
    most = 0
    while driver.poll() is None:
        own = [driver.pid, *offspring(driver.pid)]
        most = max(most, len(own))
        heard += [address for pid in own for address in listening(pid)]
        time.sleep(0.2)
    assert driver.returncode == 0, driver.communicate()
    return folder, heard, most


def test_nobody_listens_while_workers_play(played: tuple[Path, list[str], int]) -> None:
    _, heard, most = played
    assert most >= 3  # the driver and two workers were there to be looked at
    assert heard == []


def test_no_name_is_looked_up_and_nobody_is_called(played: tuple[Path, list[str], int]) -> None:
    assert not (played[0] / "heard").exists()


def test_the_kernels_tables_are_read_rightly() -> None:
    with socket.socket() as open_to_all:
        open_to_all.bind(("0.0.0.0", 0))
        open_to_all.listen()
        assert listening(os.getpid()) == [f"tcp 00000000:{open_to_all.getsockname()[1]:04X}"]


def test_the_ear_hears(tmp_path: Path) -> None:
    assert overheard(tmp_path, "-c", "pass", TRUEWARD_TEST_CALLS="1").wait(60) == 0
    assert "socket.getaddrinfo" in (tmp_path / "heard").read_text()


def test_nothing_is_everybodys_to_write(played: tuple[Path, list[str], int]) -> None:
    made = [path for path in (played[0] / "grid").rglob("*") if not path.is_symlink()]
    assert len(made) > 15
    assert not [str(path) for path in made if path.stat().st_mode & stat.S_IWOTH]


def test_a_draft_cannot_be_guessed_and_no_link_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    before = os.umask(0)
    try:
        monkeypatch.setattr(
            "os.fsync", lambda descriptor: seen.extend(path.name for path in tmp_path.glob(f".*{DRAFT}"))
        )
        for _ in range(2):
            replace_file(tmp_path / "a", b"words")
        assert len(set(seen)) == 2
        assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o664
        (tmp_path / "victim").write_bytes(b"precious")
        monkeypatch.setattr("secrets.token_hex", lambda count: "known")
        (tmp_path / f".a.known{DRAFT}").symlink_to(tmp_path / "victim")
        with pytest.raises(FileExistsError):
            replace_file(tmp_path / "a", b"evil")
    finally:
        os.umask(before)
    assert (tmp_path / "victim").read_bytes() == b"precious"
    assert (tmp_path / "a").read_bytes() == b"words"
