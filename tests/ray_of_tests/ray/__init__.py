"""Stands in for Ray where it is not installed: one machine of two CPUs, tasks in threads; what it cannot do it is told.

TRUEWARD_TEST_RAY says how it goes wrong: ``deaf`` never connects, ``wrong`` refuses, ``gone`` takes the process along
at the first call, ``bare`` cannot load what it is to call.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

POOL = ThreadPoolExecutor(2)
HOW = os.environ.get("TRUEWARD_TEST_RAY", "")


class RayError(Exception):
    """Whatever goes wrong on a cluster."""


class WorkerCrashedError(RayError):
    """The process of a task is gone."""


exceptions = SimpleNamespace(
    WorkerCrashedError=WorkerCrashedError, NodeDiedError=type("NodeDiedError", (RayError,), {}),
    OutOfMemoryError=type("OutOfMemoryError", (RayError,), {}),
)  # fmt: skip


def init(address: str, **how: Any) -> None:
    print("chatter on stdout")
    os.write(2, b"chatter on stderr\n")
    if HOW == "deaf":
        time.sleep(600)
    if HOW == "wrong":
        raise ConnectionError("the token is missing\nor wrong")


def nodes() -> list[dict[str, Any]]:
    return [{"Alive": True, "Resources": {"CPU": 2.0}}, {"Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}}]


def remote(**needs: Any) -> Callable[[Callable[..., Any]], Any]:
    return lambda function: SimpleNamespace(remote=lambda *given: Reference(function, given))


class Reference:
    """A task on its way."""

    def __init__(self, function: Callable[..., Any], given: tuple[Any, ...]) -> None:
        self._done: Future[Any] = POOL.submit(_called, function, given)

    def future(self) -> Future[Any]:
        return self._done


def _called(function: Callable[..., Any], given: tuple[Any, ...]) -> Any:
    if HOW == "gone":
        os._exit(1)
    if HOW == "bare":
        raise RayError("No module named 'simulate'")
    if HOW == "crash":
        raise WorkerCrashedError
    return function(*given)


def cancel(reference: Reference, force: bool) -> None:
    reference.future().cancel()


def shutdown() -> None:
    os._exit(0)
