"""What an engine is: a place where functions are called, shaped as `concurrent.futures` is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self

from simulate.errors import printable


class Pool(Protocol):
    """Takes calls until its ``with`` block ends; whoever leaves the block by an exception drops what is running."""

    here: bool  # are functions called in this process, so that they may call back?
    width: int  # calls that can run side by side

    def submit(self, function: Callable[..., Any], /, *arguments: Any, seconds: float | None = None) -> Future[Any]:
        """``function(*arguments)``, elsewhere; ended with `TimedOut` after ``seconds``."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Open:
    """A pool that has nothing to open or to close."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


Engine = Callable[[], Pool]  # pools are opened and closed; an engine is the value that says which kind


@dataclass(frozen=True)
class Resources:
    """What a pool may use; what does not apply to a kind of engine is refused by it."""

    workers: int = 1
    memory: int | None = None  # bytes a worker may allocate; None: as much as there is
    address: str | None = None  # of a cluster
    gpus: float = 0.0  # of one worker; a share where it is not whole


class Lost(Exception):
    """A call did not come back, through no word of its own."""


class WorkerDied(Lost):
    """The process ended under the call: killed, crashed, or out of memory."""

    def __init__(self, exit_code: int | None = None) -> None:
        super().__init__(exit_code)
        self.exit_code = exit_code

    def __str__(self) -> str:
        return "the worker died" if self.exit_code is None else f"the worker died ({_ending(self.exit_code)})"


class TimedOut(Lost):
    """The call was ended after its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds

    def __str__(self) -> str:
        return f"not done after {self.seconds:g} s"


class Away(ConnectionError):
    """The place where calls are made cannot be reached, or is gone; no call is to blame."""


class Elsewhere(Exception):
    """An exception of a worker that could not travel: its type and words have."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(kind, message)
        self.kind, self.message = kind, message

    def __str__(self) -> str:
        return printable(f"{self.kind}: {self.message}")


def _ending(exit_code: int) -> str:
    return f"signal {-exit_code}" if exit_code < 0 else f"exit code {exit_code}"
