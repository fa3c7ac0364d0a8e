"""A sweep on the command line: how it is played, interrupted, and what is said of it."""

from __future__ import annotations

import re
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from reports.cli.options import checked_engine, print_json, progress, settings
from reports.text import visible
from simulate.errors import BadInput

if TYPE_CHECKING:
    import pandas as pd

    from simulate.sweeps.sweep import Playing

OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        "--only",
        metavar="KEY=VALUE",
        help="Play what has this value alone: a key that varies, or replicate; repeatable.",
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(min=0.001, max=1e8, metavar="SECONDS", help="End a run that takes longer; it has failed."),
]
MemoryOption = Annotated[
    str | None, typer.Option(metavar="SIZE", help="What a worker may allocate, e.g. 2GB; a run beyond it fails.")
]
FailFastOption = Annotated[bool, typer.Option("--fail-fast", help="Stop with the first failed run.")]
MaxFailuresOption = Annotated[int | None, typer.Option(min=1, help="Stop when so many runs have failed.")]
UNITS = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12}
LEAST_MEMORY = 300_000_000
SOME_FAILED, ALL_FAILED, TERMINATED = 3, 4, 143


def playing_of(
    only: list[str] | None,
    timeout: float | None,
    memory: str | None,
    fail_fast: bool,
    max_failures: int | None,
    workers: int,
    engine: str | None,
    address: str | None,
    gpus: float,
    retry_failed: bool = False,
) -> Callable[[Callable[[int, int], None]], Playing]:
    """How it is played, but for whom to tell.  Raises BadInput."""
    limited = timeout is not None or memory is not None
    if engine == "serial" and limited:
        raise BadInput("--engine serial cannot end a run: --timeout and --memory need local or ray")
    size = None if memory is None else byte_count(memory)
    runner = checked_engine(engine or ("local" if limited and not address else None), workers, size, address, gpus)

    def made(tell: Callable[[int, int], None]) -> Playing:
        from simulate.sweeps.driver import Limits
        from simulate.sweeps.sweep import Playing

        limits = Limits(timeout, 1 if fail_fast else max_failures)
        return Playing(runner, limits, settings(only, "--only"), retry_failed, tell)

    return made


def byte_count(text: str) -> int:
    """
    >>> byte_count("2GB"), byte_count("512 M"), byte_count("1000000000")
    (2000000000, 512000000, 1000000000)
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?) ?([KMGT]?)B?", text.strip(), re.IGNORECASE)
    if found is None:
        raise BadInput(f"--memory {text!r}: a size is expected, e.g. 2GB or 512MB")
    size = int(float(found[1]) * UNITS[found[2].upper()])
    if not LEAST_MEMORY <= size < 2**63:
        raise BadInput(f"--memory {text!r}: 300MB and more are allowed; a worker that has done nothing yet needs some")
    return size


def ended(folder: Path, as_json: bool, play: Callable[[Callable[[int, int], None]], pd.DataFrame]) -> None:
    """Play; say what came of it, in words and in the exit code."""
    with _told_how_to_go_on(folder), progress(folder.name, 0) as tell:
        table = play(tell)
    lost = int((table["state"] == "failed").sum())
    if as_json:
        print_json({
            "out": str(folder), "runs": len(table), "done": len(table) - lost, "failed": lost,
            "results": str(folder / "results.parquet"),
        })  # fmt: skip
    else:
        _said(folder, table, lost)
    if lost:
        raise typer.Exit(ALL_FAILED if lost == len(table) else SOME_FAILED)


@contextmanager
def _told_how_to_go_on(folder: Path) -> Iterator[None]:
    from simulate.sweeps.driver import TooManyFailures

    on = f"what is done is kept; `trueward resume {folder}` goes on"
    try:
        with _terminable():
            yield
    except TooManyFailures as error:
        _stop(f"{error}; {on} (--retry-failed plays them again)", SOME_FAILED)
    except ConnectionError as error:
        _stop(f"{error}; {on}", 1)
    except (OSError, sqlite3.Error) as error:
        _stop(f"{folder}: cannot be written ({getattr(error, 'strerror', None) or error}); {on}", 1)
    except KeyboardInterrupt:
        _stop(f"interrupted; {on}", 130)
    except Terminated:
        _stop(f"terminated; {on}", TERMINATED)


class Terminated(BaseException):
    """Somebody sent SIGTERM."""


@contextmanager
def _terminable() -> Iterator[None]:
    """SIGTERM goes the way of an interrupt, so that no worker is left behind."""

    def raised(number: int, frame: FrameType | None) -> NoReturn:
        raise Terminated

    before = signal.signal(signal.SIGTERM, raised)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _stop(message: str, code: int) -> NoReturn:
    print(f"trueward: {message}", file=sys.stderr)
    raise typer.Exit(code)


def _said(folder: Path, table: pd.DataFrame, lost: int) -> None:
    console = Console(highlight=False, soft_wrap=True)
    if lost:
        console.print(Text(f"{lost} of {len(table)} runs failed:", style="bold red"))
        for reason, count in table.loc[table["state"] == "failed", "failure"].value_counts().head(5).items():
            console.print(Text(f"  {count} x {visible(str(reason))}"))
    console.print(Text(f"{len(table) - lost} runs: {folder / 'results.parquet'}"))
