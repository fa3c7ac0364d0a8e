"""Whatever is a `concurrent.futures.Executor`: of Slurm, of MPI, of a library that we need not know."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any

from simulate.engines.base import Away, Engine, Open
from simulate.errors import BadInput


class ExecutorPool(Open):
    """The caller's executor, which stays the caller's: it is not shut down here, and it cannot end a call."""

    here = False

    def __init__(self, executor: Executor, width: int) -> None:
        self._executor, self.width = executor, width

    def submit(self, function: Callable[..., Any], /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        if seconds is not None:
            raise BadInput("an executor cannot end a call: a limit of time needs the engine local or ray")
        try:
            return self._executor.submit(function, *arguments)
        except BrokenExecutor as error:
            raise Away(f"the executor is broken: {error}") from None


def of_executor(executor: Executor, width: int) -> Engine:
    """An engine of ``executor``, which is given ``width`` calls at a time.  Raises BadInput where that is below 1.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> with ThreadPoolExecutor(2) as executor, of_executor(executor, 2)() as pool:
    ...     pool.submit(pow, 2, 5).result()
    32
    """
    if width < 1:
        raise BadInput(f"width is {width}; 1 and more are allowed")
    return lambda: ExecutorPool(executor, width)
