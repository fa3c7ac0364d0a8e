"""`trueward compare`: mechanisms head to head."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
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


def compare_command(
    scenario: ScenarioArgument,
    mechanisms: Annotated[
        str, typer.Option(help="Names from `trueward list mechanisms`, with commas between.")
    ] = "no_payment,vcg,pay_as_reported",
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
    """Play one scenario under several mechanisms on common random numbers; rank them, with intervals."""
    started = datetime.now(UTC)
    names = [name.strip() for name in mechanisms.split(",") if name.strip()]
    chosen = settings(set_, rounds=rounds, replicates=replicates, seed=seed)
    config = load(scenario, chosen)
    from reports.report import write_report
    from reports.tables.terminal import metrics_table, paired_table
    from reports.thin import thin_sentences
    from simulate.contest import compare, write_contest
    from simulate.store import fresh_folder

    kind, where, runner = checked_dtype(dtype), checked_device(device), checked_engine(engine, workers)
    folder = fresh_folder(out or next_folder(f"compare-{config.name}"), overwrite)
    batches = -(-config.replicates // (batch or config.replicates))
    with progress(f"{config.name}: rounds", config.rounds * batches * len(names)) as advance:
        contest = compare(scenario, names, chosen, batch, kind, where, runner, advance)
    verdict = write_contest(folder, contest, started, {"device": where, "dtype": dtype})
    page = write_report([folder])
    if as_json:
        print_json({**verdict, "report": str(page)})
        return
    console = Console()
    rows = {row["name"]: row["metrics"] for row in verdict["mechanisms"]}
    console.print(
        metrics_table(f"{config.name}: interquartile mean over replicates, last fifth of rounds [95 %]", rows)
    )
    console.print(paired_table(verdict["paired"], verdict["ranked_by"]))
    for sentence in thin_sentences(verdict["mechanisms"]):
        console.print(f"note: {sentence}", highlight=False)
    console.print(
        f"{config.rounds} rounds x {config.replicates} replicates, seed {config.seed}: {folder}", highlight=False
    )
    console.print(f"report: {page}", highlight=False, soft_wrap=True)
