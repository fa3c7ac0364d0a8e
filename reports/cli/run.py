"""`trueward run`: a repeated game."""

from __future__ import annotations

from datetime import UTC, datetime

from rich.console import Console

from reports.cli.options import (
    BatchOption,
    DeviceOption,
    DtypeOption,
    EngineOption,
    JsonOption,
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
    progress,
    settings,
)
from simulate.load import load


def run_command(
    scenario: ScenarioArgument,
    rounds: RoundsOption = None,
    replicates: ReplicatesOption = None,
    seed: SeedOption = None,
    set_: SetOption = None,
    out: OutOption = None,
    overwrite: OverwriteOption = False,
    batch: BatchOption = None,
    workers: WorkersOption = 1,
    engine: EngineOption = None,
    device: DeviceOption = "cpu",
    dtype: DtypeOption = "float64",
    as_json: JsonOption = False,
) -> None:
    """Play a repeated game and write a run folder."""
    started = datetime.now(UTC)
    config = load(scenario, settings(set_, rounds=rounds, replicates=replicates, seed=seed))
    from reports.tables.terminal import metrics_table
    from simulate.repeated_game import play
    from simulate.store import fresh_folder, mechanism_name, write_run

    kind, where, runner = checked_dtype(dtype), checked_device(device), checked_engine(engine, workers)
    folder = fresh_folder(out or next_folder(f"{config.name}-{mechanism_name(config).replace('+', '-')}"), overwrite)
    batches = -(-config.replicates // (batch or config.replicates))
    with progress(f"{config.name}: rounds", config.rounds * batches) as advance:
        history = play(config, None, batch, kind, where, runner, advance)
    summary = write_run(folder, config, history, started, {"device": where, "dtype": dtype})
    if as_json:
        print_json(summary)
        return
    console = Console()
    console.print(metrics_table(f"{config.name} under {summary['mechanism']}", {"settled play": summary["metrics"]}))
    console.print(
        f"{config.rounds} rounds x {config.replicates} replicates, seed {config.seed}: {folder}", highlight=False
    )
