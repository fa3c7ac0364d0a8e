"""`trueward run`: a repeated game."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from reports.cli.options import (
    AddressOption,
    BatchOption,
    DeviceOption,
    DtypeOption,
    EngineOption,
    GpusOption,
    JsonOption,
    OnlyReplicateOption,
    OutOption,
    OverwriteOption,
    ReplicatesOption,
    RoundsOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    WorkersOption,
    checked_device,
    checked_dtype,
    checked_engine,
    next_folder,
    print_json,
    settings,
)
from reports.cli.watching import watching
from simulate.config import Config
from simulate.load import load
from simulate.unfinished import ADAPTERS, Unfinished, begin

if TYPE_CHECKING:
    from simulate.engines.base import Engine


def run_command(
    scenario: ScenarioArgument,
    rounds: RoundsOption = None,
    replicates: ReplicatesOption = None,
    seed: SeedOption = None,
    set_: SetOption = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    batch: BatchOption = None,
    only_replicate: OnlyReplicateOption = None,
    workers: WorkersOption = 1,
    engine: EngineOption = None,
    address: AddressOption = None,
    gpus: GpusOption = 0.0,
    device: DeviceOption = "cpu",
    dtype: DtypeOption = "float64",
    as_json: JsonOption = False,
) -> None:
    """Play a repeated game and write a run folder."""
    started = datetime.now(UTC)
    config = load(scenario, settings(set_, rounds=rounds, replicates=replicates, seed=seed))
    from simulate.adapters.tuned import trains
    from simulate.jobs import require_replicate
    from simulate.scenario import build
    from simulate.store import fresh_folder, mechanism_name, resolved_toml

    kind, where = checked_dtype(dtype), checked_device(device)
    runner = checked_engine(engine, workers, address=address, gpus=gpus)
    if only_replicate is not None:
        require_replicate(config, only_replicate)
    folder = fresh_folder(out or next_folder(f"{config.name}-{mechanism_name(config).replace('+', '-')}"), overwrite)
    run = Unfinished("run", batch, device, dtype, started.isoformat(), only=only_replicate)
    if trains(config):
        build(config, config.name, (0,), kind, where)  # what is refused must not leave a folder
        begin(folder, resolved_toml(config), run)
    finish_run(folder, config, run, runner, as_json)


def finish_run(folder: Path, config: Config, run: Unfinished, runner: Engine, as_json: bool) -> None:
    """Play from the first round, with what was trained already; write the folder, say what came out."""
    from reports.tables.terminal import metrics_table
    from simulate.adapters.tuned import trains
    from simulate.repeated_game import play
    from simulate.store import write_run

    count = config.replicates if run.only is None else 1
    batches = -(-count // (run.batch or count))
    keep = folder / ADAPTERS if trains(config) else None
    with watching(config.name, config.rounds * batches, folder) as bar:
        kind, where = checked_dtype(run.dtype), checked_device(run.device)
        history = play(config, None, run.batch, kind, where, runner, bar.rounds, keep, run.only, bar.training)
    summary = write_run(folder, config, history, datetime.fromisoformat(run.start), run.options)
    if as_json:
        print_json(summary)
        return
    console, played = Console(), f"{count} replicates" if run.only is None else f"replicate {run.only} alone"
    console.print(metrics_table(f"{config.name} under {summary['mechanism']}", {"settled play": summary["metrics"]}))
    console.print(
        f"{config.rounds} rounds x {played}, seed {config.seed}: {folder}",
        highlight=False,
    )
