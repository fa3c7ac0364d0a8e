"""`trueward equilibrium`: where play settles in the game of a scenario's reports, of strategies, or of any payoffs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reports.cli.options import (
    AddressOption,
    EngineOption,
    GpusOption,
    JsonOption,
    OverwriteOption,
    ReplicatesOption,
    RoundsOption,
    SeedOption,
    SetOption,
    WorkersOption,
    checked_engine,
    print_json,
    settings,
)
from simulate.errors import BadInput
from simulate.load import load

ScenarioOption = Annotated[
    str | None, typer.Argument(help="A built-in scenario, or a .toml, .yaml or .json file; none with --payoffs.")
]
PayoffsOption = Annotated[
    Path | None,
    typer.Option("--payoffs", help="Any normal-form game instead: a .json file of payoffs, or a .nfg file."),
]
ConceptOption = Annotated[
    str, typer.Option("--concept", help="One or several, separated by commas; see `trueward list equilibria`.")
]
MenuOption = Annotated[str, typer.Option("--menu", help="What agents choose from: menus of lies, separated by commas.")]
StrategiesOption = Annotated[
    str | None,
    typer.Option("--strategies", help="Actions are these strategies instead, each played for the whole repeated game."),
]
PlayersOption = Annotated[
    str | None, typer.Option("--players", help="Who plays, by name, separated by commas; the others tell the truth.")
]
PrecisionOption = Annotated[
    float | None, typer.Option(help="For quantal_response, in 1 / units of utility (default: 1).")
]
AlphaOption = Annotated[
    float | None, typer.Option(help="For alpha_rank, in 1 / the span of the payoffs (default: 100).")
]
ObjectiveOption = Annotated[
    str | None,
    typer.Option(help="For correlated and coarse_correlated: welfare (the best one) or -welfare (the worst)."),
]
SecondsOption = Annotated[float | None, typer.Option(help="Time limit of each solver; who meets it says so.")]
GrowOption = Annotated[
    float | None,
    typer.Option("--grow", metavar="EPSILON", help="Add the best lies anywhere to the menus until none pays more."),
]
DynamicsOption = Annotated[
    str | None, typer.Option("--dynamics", help="Also where this dynamic leads; see `trueward list dynamics`.")
]
FolderOption = Annotated[
    Path | None, typer.Option("--out", help="Folder for the game (.json, .nfg), the answer (.json) and figures (.svg).")
]


def equilibrium_command(
    scenario: ScenarioOption = None,
    payoffs: PayoffsOption = None,
    concept: ConceptOption = "nash",
    menu: MenuOption = "overstate",
    strategies: StrategiesOption = None,
    players: PlayersOption = None,
    grow: GrowOption = None,
    precision: PrecisionOption = None,
    alpha: AlphaOption = None,
    objective: ObjectiveOption = None,
    seconds: SecondsOption = None,
    dynamics: DynamicsOption = None,
    seed: SeedOption = None,
    rounds: RoundsOption = None,
    replicates: ReplicatesOption = None,
    workers: WorkersOption = 1,
    engine: EngineOption = None,
    address: AddressOption = None,
    gpus: GpusOption = 0.0,
    set_: SetOption = None,
    out: FolderOption = None,
    overwrite: OverwriteOption = False,
    as_json: JsonOption = False,
) -> None:
    """Where play settles: equilibria, each with its own check, what they cost society, and where learning leads.

    Every regret is recomputed from the payoffs; a solver that met its limit says so.
    """
    if (scenario is None) == (payoffs is None):
        raise BadInput("equilibrium: give a scenario or --payoffs FILE, one of the two")
    changes = settings(set_, seed=seed, rounds=rounds, replicates=replicates)
    config = None if scenario is None else load(scenario, changes)
    if payoffs is not None and (changes or strategies or players or grow):
        raise BadInput("--payoffs: a file of payoffs is complete; scenario options do not apply to it")
    if out is not None:
        from simulate.store import fresh_folder

        fresh_folder(out, overwrite)
    game = None
    if payoffs is not None:
        from simulate.empirical.payoffs_file import read_game  # read before torch is loaded: a refusal is quick

        game = read_game(payoffs)
    from reports.cli.settling import Choices, settled

    choices = Choices(
        concepts=names(concept) or [],
        menus=names(menu) or [],
        strategies=names(strategies),
        players=names(players),
        grow=grow,
        dynamic=dynamics,
        objective=objective,
        options=given(precision=precision, alpha=alpha, seconds=seconds, seed=seed),
    )
    found = settled(config, game, str(payoffs), choices, checked_engine(engine, workers, address=address, gpus=gpus))
    if out is not None:
        found.write(out)
    if as_json:
        print_json({**found.document, **({"out": str(out)} if out else {})})
        return
    console = Console()
    for shown in found.shown:
        console.print(shown, highlight=False)
    if out is not None:
        console.print(str(out), highlight=False)


def names(said: str | None) -> list[str] | None:
    """A list separated by commas."""
    return None if said is None else [name.strip() for name in said.split(",") if name.strip()]


def given(**options: Any) -> dict[str, Any]:
    """Those that were said."""
    return {key: value for key, value in options.items() if value is not None}
