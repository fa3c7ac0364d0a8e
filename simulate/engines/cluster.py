"""A Ray cluster that is running already.  None is started here: a Ray of one machine listens to the whole network."""

from __future__ import annotations

import os
import pickle
import re
import resource
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from importlib.util import find_spec
from types import FrameType, TracebackType
from typing import Any, NoReturn, Self

from simulate.engines.base import Engine, Resources, TimedOut, WorkerDied
from simulate.engines.worker import answered
from simulate.errors import BadInput

KNOCK = 3.0  # seconds for a port to open
PATIENCE = 6.0  # seconds for a cluster to answer; Ray itself waits for minutes
GRACE = 5.0  # seconds beyond its own for a call that cannot be interrupted; then its process ends


class RayPool:
    """A call is a Ray task of one CPU and a share of a GPU; Ray itself never calls twice."""

    here = False

    def __init__(self, given: Resources) -> None:
        self._given = given
        self.width = 1
        self._running: set[Any] = set()

    def submit(self, function: Callable[..., Any], /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        reference = self._call.remote(function, arguments, seconds, self._given.memory)
        self._running.add(reference)
        answer: Future[Any] = Future()
        answer.set_running_or_notify_cancel()
        reference.future().add_done_callback(lambda done: self._hear(reference, done, answer))
        return answer

    def __enter__(self) -> Self:
        ray = connected(self._given.address)
        there = ray.cluster_resources()
        self.width = _hands(there, self._given)
        self._call = ray.remote(num_cpus=1, num_gpus=self._given.gpus, max_retries=0)(called)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        import ray

        for reference in tuple(self._running):
            ray.cancel(reference, force=True)
        ray.shutdown()

    def _hear(self, reference: Any, done: Future[Any], answer: Future[Any]) -> None:
        self._running.discard(reference)
        error = done.exception()
        if error is not None:
            answer.set_exception(_translated(error))
            return
        good, value = pickle.loads(done.result())
        (answer.set_result if good else answer.set_exception)(value)


def cluster(given: Resources) -> Engine:
    """An engine on the cluster at ``given.address``.  Raises BadInput where that is missing, or Ray is."""
    if given.address is None:
        raise BadInput(
            "--engine ray needs --address of a running cluster, e.g. auto or ray://head:10001; on this machine alone, "
            "--engine local does the same without listening to the network"
        )
    if find_spec("ray") is None:
        raise BadInput("--engine ray needs the extra ray: pip install 'trueward[ray]'")
    return lambda: RayPool(given)


def connected(address: str | None) -> Any:
    """Ray's module, connected.  Raises ConnectionError, naming the address, where nobody answers in time."""
    _require_listener(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # what is wrong is said here, once
    import ray

    trouble: list[BaseException] = []

    def connect() -> None:
        try:
            ray.init(address=address, log_to_driver=False, configure_logging=False)
        except BaseException as error:
            trouble.append(error)

    thread = threading.Thread(target=connect, daemon=True)  # one cannot interrupt Ray while it waits
    thread.start()
    thread.join(PATIENCE)
    if thread.is_alive():
        raise ConnectionError(f"--address {address}: no Ray cluster answered within {PATIENCE:g} s")
    if trouble:
        raise ConnectionError(f"--address {address}: {' '.join(str(trouble[0]).split())[:200]}")
    return ray


def _require_listener(address: str | None) -> None:
    """Where the address names a port, somebody must listen there; that is known at once."""
    found = re.fullmatch(r"(?:ray://)?([^:/]+):(\d+)", address or "")
    if found is None:
        return
    try:
        socket.create_connection((found[1], int(found[2])), KNOCK).close()
    except OSError as error:
        raise ConnectionError(f"--address {address}: nobody listens there ({error.strerror or error})") from None


def called(
    function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float | None, memory: int | None
) -> bytes:
    """What runs on the cluster: the call within its limits; its answer as any worker gives it.

    Ray's own way to send exceptions loses those that a pickle cannot rebuild.
    """
    return answered(_limited, (function, arguments, seconds, memory))


def _limited(
    function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float | None, memory: int | None
) -> Any:
    with _in_time(seconds), _capped(memory):
        return function(*arguments)


def _hands(there: dict[str, float], given: Resources) -> int:
    """Calls that run side by side.  Raises BadInput where not even one can."""
    if given.gpus and there.get("GPU", 0.0) < min(1.0, given.gpus):
        raise BadInput(f"--gpus {given.gpus:g}: the cluster at {given.address} has {there.get('GPU', 0.0):g} GPUs")
    hands = there.get("CPU", 0.0)
    if given.gpus:
        hands = min(hands, there["GPU"] / given.gpus)
    if hands < 1:
        raise BadInput(f"--address {given.address}: the cluster has {there.get('CPU', 0.0):g} CPUs; one is needed")
    return int(hands)


def _translated(error: BaseException) -> BaseException:
    """Ray's words for what every engine has a word for."""
    import ray

    lost = (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError)
    return WorkerDied() if isinstance(error, lost) else error


@contextmanager
def _in_time(seconds: float | None) -> Iterator[None]:
    """Interrupted from within; a call that does not even hear the alarm takes its process with it."""
    if seconds is None:
        yield
        return

    def raised(number: int, frame: FrameType | None) -> NoReturn:
        raise TimedOut(seconds)

    last = threading.Timer(seconds + GRACE, os._exit, (1,))
    last.daemon = True
    before = signal.signal(signal.SIGALRM, raised)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    last.start()
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        last.cancel()


@contextmanager
def _capped(memory: int | None) -> Iterator[None]:
    """For the time of the call: Ray's processes serve again."""
    if memory is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (memory, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
