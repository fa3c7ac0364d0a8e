"""`trueward sweep`: many games, nothing lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from reports.cli.options import (
    AddressOption,
    DeviceOption,
    DtypeOption,
    EngineOption,
    GpusOption,
    JsonOption,
    OverwriteOption,
    WorkersOption,
    checked_device,
    checked_dtype,
    print_json,
    settings,
)
from reports.cli.sweeping import (
    FailFastOption,
    MaxFailuresOption,
    MemoryOption,
    OnlyOption,
    TimeoutOption,
    ended,
    playing_of,
)
from reports.durations import lasting
from reports.text import visible
from simulate.errors import BadInput

if TYPE_CHECKING:
    from simulate.sweeps.file import SweepFile
    from simulate.sweeps.points import Point


def sweep_command(
    file: Annotated[Path, typer.Argument(help="The sweep: a .toml, .yaml or .json file.")],
    out: Annotated[Path | None, typer.Option(help="Folder to write (default: runs/NAME).")] = None,
    overwrite: OverwriteOption = False,
    resume: Annotated[
        bool,
        typer.Option("--resume", help="Go on in --out, e.g. with a grid that has grown: only new runs are played."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be played, and how long it takes.")
    ] = False,
    only: OnlyOption = None,
    timeout: TimeoutOption = None,
    memory: MemoryOption = None,
    fail_fast: FailFastOption = False,
    max_failures: MaxFailuresOption = None,
    workers: WorkersOption = 1,
    engine: EngineOption = None,
    address: AddressOption = None,
    gpus: GpusOption = 0.0,
    device: DeviceOption = "cpu",
    dtype: DtypeOption = "float64",
    as_json: JsonOption = False,
) -> None:
    """Play every run of a grid of games; exit code 3 if some runs failed, 4 if all did."""
    from simulate.sweeps.file import read_sweep
    from simulate.sweeps.points import points

    wanted = read_sweep(file)
    found = points(wanted, str(file))
    if dry_run:
        _previewed(wanted, found, settings(only, "--only"), workers, as_json)
        return
    playing = playing_of(only, timeout, memory, fail_fast, max_failures, workers, engine, address, gpus)
    if engine == "ray" or address:  # the cluster's devices are not here
        if device.startswith("cuda") and not gpus:
            raise BadInput(f"--device {device} on a cluster needs --gpus, e.g. 0.25: a call without any sees none")
    else:
        checked_device(device)
    checked_dtype(dtype)
    folder = _folder(out or Path("runs") / wanted.name, overwrite, resume)
    from simulate.sweeps.sweep import sweep

    ended(folder, as_json, lambda tell: sweep(wanted, folder, playing(tell), dtype, device))


def _folder(folder: Path, overwrite: bool, resume: bool) -> Path:
    from simulate.store import checked_name
    from simulate.sweeps.place import is_sweep

    checked_name(folder.name, "the folder's name")
    if folder.is_dir() and any(folder.iterdir()):
        ours = is_sweep(folder)
        if resume and ours:
            return folder
        if not overwrite:
            hint = f"`trueward resume {folder}` goes on, --resume adds to it, " if ours else "choose another --out, or "
            raise BadInput(f"{folder} is not empty; {hint}--overwrite replaces it")
        if not ours:
            raise BadInput(f"{folder} is not empty and not the folder of a sweep; it is not overwritten")
        if folder.is_symlink():
            raise BadInput(f"{folder} is a link; --overwrite replaces a folder, never what a link leads to")
        shutil.rmtree(folder)
    elif folder.exists() and not folder.is_dir():
        raise BadInput(f"{folder} is a file; a folder is needed")
    return folder


def _previewed(wanted: SweepFile, found: list[Point], filters: dict[str, Any], workers: int, as_json: bool) -> None:
    from simulate.sweeps.estimate import estimate
    from simulate.sweeps.points import only, said
    from simulate.sweeps.tasks import tasks

    chosen, numbers = only(found, filters, wanted.replicates)
    todo = tasks(chosen, wanted.replicates, numbers=numbers)
    guess = estimate(todo)
    count = len(chosen) * len(numbers)
    if as_json:
        print_json({
            "runs": count, "games": len(chosen), "files": 2 * len(todo),
            "first": [dict(point.overrides) for point in chosen[:5]],
            "seconds": guess.seconds / workers, "bytes": guess.bytes,
        })  # fmt: skip
        return
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"{count:,} runs of {len(chosen):,} games, in {len(todo):,} tasks")
    for point in chosen[:5]:
        console.print(Text(f"  {visible(said(point.overrides))}"))
    if len(chosen) > 5:
        console.print(f"  and {len(chosen) - 5:,} more")
    console.print(
        f"about {lasting(guess.seconds / workers)} and {guess.bytes / 1e6:,.1f} MB, by three rounds of a few games"
    )
