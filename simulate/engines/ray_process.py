"""The process that Ray lives in, and what runs on the cluster."""

from __future__ import annotations

import os
import pickle
import resource
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from types import FrameType
from typing import Any, NoReturn

from simulate.engines.base import Away, Resources, TimedOut, WorkerDied
from simulate.engines.worker import answered, leave_with_parent
from simulate.errors import BadInput

MET = "met"  # the first word, when Ray is imported
MACHINES = 16  # whose GPUs a sentence names
GRACE = 5.0  # seconds beyond its own for a call that cannot be interrupted; then its process ends


def serve(pipe: Connection, given: Resources) -> None:
    """The whole life of the process: ``MET``, the number of hands or why there are none, then calls and answers."""
    _quieten()
    import ray

    pipe.send(MET)
    try:
        ray.init(address=given.address, log_to_driver=False, configure_logging=False)
        hands = _hands([node["Resources"] for node in ray.nodes() if node["Alive"]], given)
    except BadInput as error:
        pipe.send(error)
        return
    except BaseException as error:
        pipe.send(Away(f"--address {given.address}: {_first_sentence(error)}"))
        return
    pipe.send(hands)
    call = ray.remote(num_cpus=1, num_gpus=given.gpus, max_retries=0)(called)
    _pass_on(pipe, lambda made, seconds: call.remote(made, seconds, given.memory), ray)


def _pass_on(pipe: Connection, begin: Callable[[bytes, float | None], Any], ray: Any) -> None:
    """Until the pipe ends, or somebody says so; what is running then is cancelled."""
    running: set[Any] = set()
    sending = threading.Lock()

    def hear(number: int, reference: Any, done: Any) -> None:
        running.discard(reference)
        error = done.exception()
        answer = done.result() if error is None else pickle.dumps((False, _translated(error)), protocol=5)
        with sending:
            pipe.send((number, answer))

    try:
        while (given := pipe.recv()) is not None:
            number, made, seconds = given
            reference = begin(made, seconds)
            running.add(reference)
            reference.future().add_done_callback(lambda done, n=number, r=reference: hear(n, r, done))
    except (EOFError, OSError):
        pass
    for reference in tuple(running):
        ray.cancel(reference, force=True)
    ray.shutdown()


def called(call: bytes, seconds: float | None, memory: int | None) -> bytes:
    """What runs on the cluster: the call within its limits; its answer as any worker gives it.

    Ray's own way to send exceptions loses those that a pickle cannot rebuild.
    """
    return answered(_limited, (call, seconds, memory))


def _limited(call: bytes, seconds: float | None, memory: int | None) -> Any:
    function, arguments = pickle.loads(call)
    with _in_time(seconds), _capped(memory):
        return function(*arguments)


def _hands(machines: Sequence[dict[str, float]], given: Resources) -> int:
    """Calls that run side by side.  Raises BadInput where no machine can make even one: Ray would wait for ever."""
    cpus, gpus = ([machine.get(kind, 0.0) for machine in machines] for kind in ("CPU", "GPU"))
    if given.gpus and max(gpus, default=0.0) < given.gpus:
        raise BadInput(
            f"--gpus {given.gpus:g}: no machine of the cluster at {given.address} has so many; "
            f"the GPUs of its {len(machines)} are {', '.join(f'{own:g}' for own in gpus[:MACHINES])}"
        )
    shares = [own / given.gpus if given.gpus else float("inf") for own in gpus]
    hands = sum(int(min(cpu, share)) for cpu, share in zip(cpus, shares, strict=True))
    if hands < 1:
        raise BadInput(f"--address {given.address}: no machine of the cluster has a CPU to play on")
    return hands


def _translated(error: BaseException) -> Exception:
    """Ray's words for what every engine has a word for; whatever else comes is not the fault of a call."""
    import ray

    lost = (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.OutOfMemoryError)
    return WorkerDied() if isinstance(error, lost) else Away(f"the cluster cannot play: {_first_sentence(error)}")


def _first_sentence(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _quieten() -> None:
    """Ray's libraries write to the descriptors themselves; what is wrong is said by the parent, once."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the whole group; the parent decides what it means
    threading.Thread(target=leave_with_parent, daemon=True).start()
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


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
