"""`trueward compare`: mechanisms head to head."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from reports.cli.options import (
    AddressOption,
    BatchOption,
    DeviceOption,
    DtypeOption,
    EngineOption,
    GpusOption,
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
    settings,
)
from reports.cli.watching import watching
from simulate.config import Config
from simulate.load import load
from simulate.unfinished import Unfinished, begin

if TYPE_CHECKING:
    from simulate.engines.base import Engine


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
    address: AddressOption = None,
    gpus: GpusOption = 0.0,
    device: DeviceOption = "cpu",
    dtype: DtypeOption = "float64",
    as_json: JsonOption = False,
) -> None:
    """Play one scenario under several mechanisms on common random numbers; rank them, with intervals."""
    started = datetime.now(UTC)
    names = [name.strip() for name in mechanisms.split(",") if name.strip()]
    config = load(scenario, settings(set_, rounds=rounds, replicates=replicates, seed=seed))
    from simulate.adapters.tuned import trains
    from simulate.contest import entries
    from simulate.scenario import build
    from simulate.store import fresh_folder, resolved_toml

    kind, where = checked_dtype(dtype), checked_device(device)
    runner = checked_engine(engine, workers, address=address, gpus=gpus)
    folder = fresh_folder(out or next_folder(f"compare-{config.name}"), overwrite)
    run = Unfinished("compare", batch, device, dtype, started.isoformat(), tuple(names))
    if trains(config):
        for entry in entries(config, names).values():
            build(entry, entry.name, (0,), kind, where)  # what is refused must not leave a folder
        begin(folder, resolved_toml(config), run)
    finish_compare(folder, config, run, runner, as_json)


def finish_compare(folder: Path, config: Config, run: Unfinished, runner: Engine, as_json: bool) -> None:
    """Play from the first round, with what was trained already; write the folder and its page, say who won."""
    from reports.report import write_report
    from reports.tables.terminal import metrics_table, paired_table
    from reports.thin import thin_sentences
    from simulate.adapters.tuned import trains
    from simulate.contest import compare, write_contest

    batches = -(-config.replicates // (run.batch or config.replicates)) * len(run.mechanisms)
    with watching(config.name, config.rounds * batches, folder) as bar:
        kind, where = checked_dtype(run.dtype), checked_device(run.device)
        keep = folder if trains(config) else None
        contest = compare(config, run.mechanisms, None, run.batch, kind, where, runner, bar.rounds, keep, bar.training)
    verdict = write_contest(folder, contest, datetime.fromisoformat(run.start), run.options)
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
