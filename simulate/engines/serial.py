"""One call after the other, in this process."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, Self


class Serial:
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

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


serial = Serial()
