"""What the commands have in common: their options, and how they speak.

Commands import what they need when they are called: help and refusals must not wait for torch.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mechanisms.named import unknown
from simulate.dtypes import DTYPES
from simulate.errors import BadInput

if TYPE_CHECKING:
    import torch

    from simulate.engines.base import Engine

ScenarioArgument = Annotated[str, typer.Argument(help="A built-in scenario, or a .toml, .yaml or .json file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override any key, e.g. --set mechanism.beta=0.5; repeatable."),
]
RoundsOption = Annotated[int | None, typer.Option(min=1, help="Rounds to play (default: the scenario's).")]
ReplicatesOption = Annotated[int | None, typer.Option(min=1, help="Independent replicates (default: the scenario's).")]
SeedOption = Annotated[int | None, typer.Option(min=0, help="Root of all random streams (default: the scenario's).")]
OutOption = Annotated[Path | None, typer.Option(help="Folder to write (default: a new one below runs/).")]
OverwriteOption = Annotated[bool, typer.Option("--overwrite", help="Replace an older run folder at --out.")]
BatchOption = Annotated[
    int | None, typer.Option(min=1, help="Replicates advanced together; smaller needs less memory, same numbers.")
]
OnlyReplicateOption = Annotated[
    int | None,
    typer.Option("--only-replicate", min=0, metavar="K", help="Play replicate K alone, as it is in the whole game."),
]
WorkersOption = Annotated[int, typer.Option(min=1, max=1024, help="Processes of this machine; no byte depends on it.")]
EngineOption = Annotated[
    str | None, typer.Option(help="serial, local processes, or ray (default: local if --workers is above 1).")
]
AddressOption = Annotated[
    str | None, typer.Option(help="Of a running Ray cluster, e.g. auto or head:6379: play there.")
]
GpusOption = Annotated[float, typer.Option(min=0.0, help="GPUs of one worker on a Ray cluster; 0.25 shares one.")]
DeviceOption = Annotated[str, typer.Option(help="cpu, cuda, cuda:1, ...")]
DtypeOption = Annotated[str, typer.Option(help="float64 (exact) or float32 (for large games on a GPU).")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout and nothing else.")]


class Advance(Protocol):
    """Moves a bar."""

    def __call__(self, steps: int, total: int | None = None) -> None: ...


def settings(pairs: list[str] | None, option: str = "--set", **named: Any) -> dict[str, Any]:
    """``--set`` pairs and the options given by name; values are JSON where they parse, text elsewhere."""
    found: dict[str, Any] = {}
    for pair in pairs or []:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise BadInput(f"{option} {pair!r}: KEY=VALUE is expected, e.g. {option} mechanism.beta=0.5")
        try:
            found[key] = json.loads(text)
        except (json.JSONDecodeError, RecursionError):
            found[key] = text
    return {**found, **{key: value for key, value in named.items() if value is not None}}


def checked_device(name: str) -> str:
    """A device that is there.  Raises BadInput."""
    import torch

    try:
        device = torch.device(name)
    except RuntimeError:
        raise BadInput(f"--device {name!r}: no such kind; allowed are cpu, cuda, cuda:0, ...") from None
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise BadInput(f"--device {name!r}: this machine has {torch.cuda.device_count()} CUDA devices")
    return name


def checked_engine(
    name: str | None, workers: int, memory: int | None = None, address: str | None = None, gpus: float = 0.0
) -> Engine:
    """An engine of the catalogue.  Raises BadInput."""
    from simulate.engines import ENGINES
    from simulate.engines.base import Resources

    chosen = name or ("ray" if address else "local" if workers > 1 else "serial")
    if chosen not in ENGINES:
        raise BadInput(f"--engine: {unknown('engine', chosen, ENGINES)}")
    if chosen != "ray" and (address is not None or gpus):
        raise BadInput(f"--engine {chosen} has no use for --address and --gpus, which say where --engine ray plays")
    return ENGINES[chosen](Resources(workers, memory, address, gpus))


def checked_dtype(name: str) -> torch.dtype:
    """float64 or float32.  Raises BadInput."""
    if name not in DTYPES:
        raise BadInput(f"--dtype: {unknown('dtype', name, DTYPES)}")
    import torch

    return torch.float64 if name == "float64" else torch.float32


@contextmanager
def progress(doing: str, total: int) -> Iterator[Advance]:
    """A bar on stderr where that is a terminal, silence elsewhere; yields ``advance(steps)``.

    Who learns the total later says it then: ``advance(steps, total)``.
    """
    from rich.console import Console

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda steps, total=None: bar.update(task, advance=steps, total=total)


def next_folder(stem: str) -> Path:
    """``runs/STEM``, or the first of ``runs/STEM-2``, ``-3``, ... that does not exist yet."""
    base, number = Path("runs") / stem[:90], 1
    folder = base
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def print_json(document: Any) -> None:
    """One JSON document on stdout."""
    typer.echo(json.dumps(document, allow_nan=False))
