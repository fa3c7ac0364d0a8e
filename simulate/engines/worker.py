"""A worker process: takes calls from a pipe until it closes, and does not outlive its parent."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections.abc import Callable
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Any

from simulate.engines.base import Elsewhere
from simulate.process import settle

BEGUN = b""  # the word before every answer, from which on the time of a call counts
ORPHANED = 3  # the exit code of a worker whose parent is gone


def serve(calls: Connection, memory: int | None) -> None:
    """The whole life of a worker.  Answers are ``BEGUN``, then ``(is good, value or exception)``."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it reaches the whole group; the parent decides what it means
    threading.Thread(target=leave_with_parent, daemon=True).start()
    os.environ["OMP_NUM_THREADS"] = "1"  # whatever the user's shell says: the number of threads changes sums
    settle()
    if memory is not None:
        _cap(memory)
    while True:
        try:
            function, arguments = calls.recv()  # what has to be imported for it, is here
        except EOFError:
            return
        calls.send_bytes(BEGUN)
        calls.send_bytes(answered(function, arguments))


def answered(function: Callable[..., Any], arguments: tuple[Any, ...]) -> bytes:
    """``(True, value)`` or ``(False, exception)``, pickled."""
    try:
        return pickle.dumps((True, function(*arguments)), protocol=5)
    except Exception as error:
        return _told(error)


def _told(error: Exception) -> bytes:
    """The exception, if it comes back from a pickle as what it was; its words elsewhere."""
    try:
        told = pickle.dumps((False, error), protocol=5)
        pickle.loads(told)
        return told
    except Exception:
        return pickle.dumps((False, Elsewhere(type(error).__name__, str(error))))


def leave_with_parent() -> None:
    """What a thread of every process of ours waits for."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(ORPHANED)


def _cap(memory: int) -> None:
    """Allocations beyond fail with an exception that is the call's own.  Linux counts anonymous memory for this."""
    import resource

    resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
