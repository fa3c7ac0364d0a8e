"""`trueward solve`: one round from a file."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import (
    DeviceOption,
    DtypeOption,
    JsonOption,
    SetOption,
    checked_device,
    checked_dtype,
    print_json,
    settings,
)
from simulate.errors import printable
from simulate.load import load


def solve_command(
    game: str = typer.Argument(help="A game file (.toml, .yaml, .json), or a built-in scenario."),
    set_: SetOption = None,
    device: DeviceOption = "cpu",
    dtype: DtypeOption = "float64",
    as_json: JsonOption = False,
) -> None:
    """One round: the fine-tuned policy, and everybody's valuation, payment and utility."""
    config = load(game, settings(set_))
    from simulate.scenario import build
    from simulate.solve import solve

    scenario = build(config, game, (0,), checked_dtype(dtype), checked_device(device))
    answer = solve(scenario)
    if as_json:
        print_json(answer)
        return
    console = Console()
    table = Table(title=Text(f"{config.name}: one round"))
    for heading in ("agent", "valuation", "payment", "utility"):
        table.add_column(heading, justify="left" if heading == "agent" else "right")
    for agent in answer["agents"][:50]:
        table.add_row(
            Text(printable(agent["name"])), *(f"{agent[key]:.6f}" for key in ("valuation", "payment", "utility"))
        )
    console.print(table)
    if len(answer["agents"]) > 50:
        console.print(f"... and {len(answer['agents']) - 50} more; --json has them all")
    welfare = ("social_welfare", "objective", "reported_objective", "divergence", "revenue", "welfare_loss")
    for key in (*welfare, "optimality_gap", "incentive_gap"):
        console.print(f"{key:>20}  {'-' if answer[key] is None else f'{answer[key]:.6f}'}", highlight=False)
    for number, row in enumerate(answer["policy"][:8]):
        shown = " ".join(f"{p:.4f}" for p in row[:12]) + (" ..." if len(row) > 12 else "")
        console.print(f"{f'policy, prompt {number + 1}':>20}  {shown}", highlight=False)
