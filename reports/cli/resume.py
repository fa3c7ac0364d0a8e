"""`trueward resume`: what was interrupted is finished."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mechanisms.named import unknown
from reports.cli.compare import finish_compare
from reports.cli.finetune import finish_finetune
from reports.cli.options import AddressOption, EngineOption, GpusOption, JsonOption, WorkersOption, checked_engine
from reports.cli.run import finish_run
from reports.cli.sweeping import (
    FailFastOption,
    MaxFailuresOption,
    MemoryOption,
    OnlyOption,
    TimeoutOption,
    ended,
    playing_of,
)
from simulate.config import Config
from simulate.errors import BadInput
from simulate.fine_tuning.begun import is_fine_tune
from simulate.sweeps.place import is_sweep
from simulate.unfinished import MARK, Unfinished, unfinished

if TYPE_CHECKING:
    from simulate.engines.base import Engine

Finish = Callable[[Path, Config, Unfinished, "Engine", bool], None]

# By the command that began the folder, as its unfinished.json says.
RESUMED: dict[str, Finish] = {
    "run": finish_run,
    "compare": finish_compare,
}


def resume_command(
    folder: Annotated[Path, typer.Argument(help="The folder of an interrupted sweep, run, comparison or fine-tune.")],
    workers: WorkersOption = 1,
    engine: EngineOption = None,
    address: AddressOption = None,
    gpus: GpusOption = 0.0,
    only: OnlyOption = None,
    timeout: TimeoutOption = None,
    memory: MemoryOption = None,
    fail_fast: FailFastOption = False,
    max_failures: MaxFailuresOption = None,
    retry_failed: Annotated[bool, typer.Option("--retry-failed", help="Of a sweep: failed runs too.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Finish what was interrupted: a sweep's missing runs, or a run, from its seed, with all models trained already.

    The options from --only to --retry-failed are those of a sweep.
    """
    if is_sweep(folder):
        from simulate.sweeps.sweep import resume

        playing = playing_of(
            only, timeout, memory, fail_fast, max_failures, workers, engine, address, gpus, retry_failed
        )
        ended(folder, as_json, lambda tell: resume(folder, playing(tell)))
        return
    if is_fine_tune(folder):
        finish_finetune(folder, as_json)
        return
    run, config = unfinished(folder)
    if run.command not in RESUMED:
        raise BadInput(f"{folder / MARK}: {unknown('command', run.command, RESUMED)}")
    RESUMED[run.command](folder, config, run, checked_engine(engine, workers, address=address, gpus=gpus), as_json)
