"""A Ray head for tests: a token, a port and a folder of its own; nothing of it is left behind."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.pages import ROOT


@dataclass(frozen=True)
class Head:
    """Where it listens, what a process needs to reach it, and where it keeps its things."""

    address: str
    env: dict[str, str]
    folder: Path

    def processes(self) -> list[int]:
        """All that belong to it, workers too: its folder is on their command lines."""
        mark = str(self.folder / "ray").encode()
        return [int(place.name) for place in Path("/proc").glob("[0-9]*") if mark in _said(place)]

    def kill(self) -> None:
        """At once, as if somebody had pulled the plug."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


@contextmanager
def head(cpus: int = 2, gpus: int = 0) -> Iterator[Head]:
    """Of one machine, this one; the GPUs are only said to be there."""
    folder = Path(tempfile.mkdtemp(prefix="ray"))  # short: sockets lie below it
    token = folder / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    port = free_port()
    env = {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONPATH": f"{ROOT}:{ROOT / 'tests'}",  # so that workers find the functions of tests
    }
    starting = subprocess.Popen(
        [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", f"--port={port}",
         "--node-ip-address=127.0.0.1", f"--num-cpus={cpus}", f"--num-gpus={gpus}", "--include-dashboard=false",
         "--disable-usage-stats", "--object-store-memory=100000000", f"--temp-dir={folder / 'ray'}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env={**os.environ, **env}, start_new_session=True,
    )  # fmt: skip
    found = Head(f"127.0.0.1:{port}", env, folder)
    try:
        said = ""
        assert starting.stdout is not None
        for line in starting.stdout:
            said += line
            if "runtime started" in line:
                break
        assert "runtime started" in said, said
        yield found
    finally:
        found.kill()
        starting.wait(60)
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """Nobody listens there now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until(seen: Callable[[], object], seconds: float) -> bool:
    """Whether ``seen()`` becomes true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if seen():
            return True
        time.sleep(0.05)
    return bool(seen())


def _said(place: Path) -> bytes:
    try:
        return (place / "cmdline").read_bytes()
    except OSError:
        return b""
