"""Processes of this machine.  Every worker has a pipe of its own, so that a death is blamed on the right call.

`concurrent.futures.ProcessPoolExecutor` gives up all calls when one worker dies, cannot say whose fault it was, and
cannot end a call that takes too long.
"""

from __future__ import annotations

import pickle
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Self

from simulate.engines.base import Engine, TimedOut, WorkerDied
from simulate.engines.worker import BEGUN, serve

GRACE = 2.0  # seconds to settle all futures; those of who leaves by an exception are nobody's


@dataclass(frozen=True)
class Call:
    """A function on its way to a worker, or there."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: float | None
    future: Future[Any]


@dataclass
class Worker:
    """A process, its pipe, and the call that it is at."""

    process: BaseProcess
    pipe: Connection
    call: Call | None = None
    until: float = field(default=float("inf"))

    def begin(self) -> None:
        """Its time runs."""
        if self.call is not None and self.call.seconds is not None:
            self.until = time.monotonic() + self.call.seconds

    def kill(self) -> None:
        """At once; there is nothing in it to be saved."""
        self.process.kill()
        self.process.join()
        self.pipe.close()


class LocalPool:
    """Up to ``workers`` processes, started when there is a call for them and started again when they die."""

    here = False

    def __init__(self, workers: int, memory: int | None = None) -> None:
        self.width, self.memory = workers, memory
        self._context = get_context("spawn")  # a forked torch may hang
        self._waiting: deque[Call] = deque()
        self._team: list[Worker] = []
        self._closing = threading.Event()
        self._bell, self._rope = self._context.Pipe(duplex=False)  # wakes the thread that serves
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def submit(self, function: Callable[..., Any], /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        future: Future[Any] = Future()
        self._waiting.append(Call(function, arguments, seconds, future))
        self._rope.send_bytes(b".")
        return future

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Whoever leaves in peace has collected the futures; nobody waits for calls that nobody wants any more.

        An interrupt that strikes within `concurrent.futures` leaves a future locked, which no thread can end any more.
        """
        self._closing.set()
        self._rope.send_bytes(b".")
        self._thread.join(None if error is None else GRACE)
        for worker in self._team:
            worker.kill()

    def _serve(self) -> None:
        try:
            while not self._closing.is_set():
                self._hand_out()
                self._listen()
        finally:
            for call in self._waiting:
                call.future.cancel()
            for call in (worker.call for worker in self._team if worker.call):
                call.future.set_exception(WorkerDied())

    def _hand_out(self) -> None:
        while self._waiting:
            worker = self._free()
            if worker is None:
                return
            call = self._waiting.popleft()
            if call.future.set_running_or_notify_cancel():
                self._give(worker, call)

    def _free(self) -> Worker | None:
        """Somebody who waits, or somebody new; None where all are at work."""
        idle = next((worker for worker in self._team if worker.call is None), None)
        if idle is None and len(self._team) < self.width:
            ours, theirs = self._context.Pipe()
            process = self._context.Process(target=serve, args=(theirs, self.memory), daemon=True)
            process.start()
            theirs.close()  # so that the death of the process is the end of the pipe
            idle = Worker(process, ours)
            self._team.append(idle)
        return idle

    def _give(self, worker: Worker, call: Call) -> None:
        worker.call = call
        try:
            worker.pipe.send((call.function, call.arguments))
        except OSError:  # it died while it waited
            self._lose(worker, WorkerDied(worker.process.exitcode))
        except Exception as error:  # what cannot travel is the caller's to mend
            worker.call = None
            call.future.set_exception(error)

    def _listen(self) -> None:
        busy = [worker for worker in self._team if worker.call is not None]
        ready = wait([self._bell, *(worker.pipe for worker in busy)], self._patience(busy))
        if self._bell in ready:
            self._bell.recv_bytes()
        for worker in busy:
            if worker.pipe in ready:
                self._hear(worker)
        for worker in [worker for worker in self._team if worker.until < time.monotonic()]:
            assert worker.call is not None
            self._lose(worker, TimedOut(worker.call.seconds or 0.0))

    def _hear(self, worker: Worker) -> None:
        try:
            heard = worker.pipe.recv_bytes()
        except (EOFError, OSError):
            worker.process.join()
            self._lose(worker, WorkerDied(worker.process.exitcode))
            return
        if heard == BEGUN:
            worker.begin()
            return
        good, value = pickle.loads(heard)
        call, worker.call, worker.until = worker.call, None, float("inf")
        assert call is not None
        (call.future.set_result if good else call.future.set_exception)(value)

    def _lose(self, worker: Worker, why: Exception) -> None:
        self._team.remove(worker)
        worker.kill()
        if worker.call is not None:
            worker.call.future.set_exception(why)

    @staticmethod
    def _patience(busy: Sequence[Worker]) -> float | None:
        soonest = min((worker.until for worker in busy), default=float("inf"))
        return None if soonest == float("inf") else max(0.0, soonest - time.monotonic())


def local(workers: int, memory: int | None = None) -> Engine:
    """An engine of up to ``workers`` processes, each of which may allocate ``memory`` bytes."""
    return lambda: LocalPool(workers, memory)
