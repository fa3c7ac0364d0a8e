"""`trueward dashboard`: a market to play with in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from reports.cli.options import (
    ReplicatesOption,
    RoundsOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    settings,
)
from simulate.load import load

PORT = 8765


def dashboard_command(
    scenario: ScenarioArgument,
    rounds: RoundsOption = None,
    replicates: ReplicatesOption = None,
    seed: SeedOption = None,
    set_: SetOption = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="On 127.0.0.1; 0 takes a free one.")] = PORT,
) -> None:
    """Serve a market with sliders on this machine alone, until Ctrl-C; open the printed address yourself."""
    from reports.dashboard.server import address, listening, required, serve

    required()
    config = load(scenario, settings(set_, rounds=rounds, replicates=replicates, seed=seed))
    from simulate.scenario import build

    build(config, config.name, (0,))  # what is refused is refused here, in a sentence
    at = listening(port)
    serve(config, at, ready=lambda: typer.echo(f"{config.name}: {address(at)} (Ctrl-C ends it)"))
