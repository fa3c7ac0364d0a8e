"""One call after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Self

from simulate.engines.base import Open


class Serial(Open):
    """Its own pool: a call is over when `submit` returns, and nothing can end it before."""

    here = True
    width = 1

    def __call__(self) -> Self:
        return self

    def submit(self, function: Callable[..., Any], /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        done: Future[Any] = Future()
        try:
            done.set_result(function(*arguments))
        except Exception as error:  # an interrupt goes through
            done.set_exception(error)
        return done


serial = Serial()
