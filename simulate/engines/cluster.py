"""A Ray cluster that is running already.  None is started here: a Ray of one machine listens to the whole network.

Ray lives in a process of its own (ray_process.py), because it waits for minutes, writes to stderr whatever it is told,
and ends the process that it is in when its cluster is gone.
"""

from __future__ import annotations

import pickle
import re
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from importlib.util import find_spec
from itertools import count
from multiprocessing import get_context
from types import TracebackType
from typing import Any, Self

from simulate.engines.base import Away, Engine, Resources
from simulate.engines.ray_process import MET, serve
from simulate.errors import BadInput

KNOCK = 3.0  # seconds for a port to open
START = 60.0  # seconds for a process to start and to import Ray
PATIENCE = 6.0  # seconds for a cluster to answer; Ray itself waits for minutes
FAREWELL = 5.0  # seconds for what is running to be cancelled


class RayPool:
    """A call is a Ray task of one CPU and a share of a GPU; Ray itself never calls twice."""

    here = False

    def __init__(self, given: Resources) -> None:
        self._given = given
        self.width = 1
        self._waiting: dict[int, Future[Any]] = {}
        self._numbers = count()
        self._sending = threading.Lock()
        self._lost = False

    def submit(self, function: Callable[..., Any], /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        call, number, answer = pickle.dumps((function, arguments), protocol=5), next(self._numbers), Future[Any]()
        answer.set_running_or_notify_cancel()
        self._waiting[number] = answer
        try:
            with self._sending:
                self._pipe.send((number, call, seconds))
        except OSError:
            self._lost = True
        if self._lost:
            raise self._gone()
        return answer

    def __enter__(self) -> Self:
        _require_listener(self._given.address)
        context = get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=serve, args=(theirs, self._given), daemon=True)
        self._process.start()
        theirs.close()  # so that the death of the process is the end of the pipe
        try:
            self.width = self._met()
        except BaseException:
            self._end()
            raise
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is the word to cancel what is running, and to leave; so is the end of the pipe."""
        with suppress(OSError), self._sending:
            self._pipe.send(None)
        self._process.join(FAREWELL)
        self._end()

    def _end(self) -> None:
        self._process.kill()
        self._process.join()

    def _met(self) -> int:
        """Calls that can run side by side.  Raises Away or BadInput."""
        try:
            there = self._pipe.poll(START) and self._pipe.recv() == MET and self._pipe.poll(PATIENCE)
            answer = self._pipe.recv() if there else None
        except (EOFError, OSError):
            raise self._gone() from None
        if answer is None:
            raise Away(f"--address {self._given.address}: no Ray cluster answered within {PATIENCE:g} s")
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    def _listen(self) -> None:
        try:
            while True:
                number, answer = self._pipe.recv()
                good, value = pickle.loads(answer)
                future = self._waiting.pop(number)
                (future.set_result if good else future.set_exception)(value)
        except (EOFError, OSError):
            self._lost = True
            for future in tuple(self._waiting.values()):
                future.set_exception(self._gone())

    def _gone(self) -> Away:
        return Away(f"--address {self._given.address}: the cluster is gone")


def cluster(given: Resources) -> Engine:
    """An engine on the cluster at ``given.address``.  Raises BadInput where that is missing, or Ray is."""
    if not given.address:
        raise BadInput(
            "--engine ray needs --address of a running cluster, e.g. auto or head:6379; on this machine alone, "
            "--engine local does the same without listening to the network"
        )
    if given.gpus > 1 and given.gpus != int(given.gpus):
        raise BadInput(f"--gpus {given.gpus:g}: a share of one GPU, or whole ones, are allowed")
    if find_spec("ray") is None:
        raise BadInput("--engine ray needs the extra ray: pip install 'trueward[ray]'")
    return lambda: RayPool(given)


def _require_listener(address: str | None) -> None:
    """Where the address names a port, somebody must listen there; that is known at once."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d{1,5})", address or "")
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), KNOCK).close()
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise Away(f"--address {address}: nobody listens there ({why})") from None
