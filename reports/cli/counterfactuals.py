"""`trueward counterfactuals`: what the models without somebody cost, and what the cheap ways give up."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import JsonOption, ScenarioArgument, SeedOption, SetOption, print_json, progress, settings
from simulate.load import load

if TYPE_CHECKING:
    from simulate.counterfactuals import Bill


def counterfactuals_command(
    scenario: ScenarioArgument, set_: SetOption = None, seed: SeedOption = None, as_json: JsonOption = False
) -> None:
    """Pay for the same fine-tune in every way, everybody telling the truth, and compare with the exact mechanism.

    fine-tunes: trained for the round. gap: the deployed model's, to the best of all policies. error: of the payments,
    the largest. gain: the most that a catalogued lie adds to its teller's utility.
    """
    config = load(scenario, settings(set_, seed=seed))
    from simulate.counterfactuals import WAYS, ways

    with progress(f"{config.name}: ways to pay", len(WAYS)) as advance:
        bills = ways(config, advance)
    if as_json:
        print_json([asdict(bill) for bill in bills])
        return
    console = Console()
    console.print(_table(config.name, bills))
    for bill in bills:
        console.print(Text(f"{bill.way}: {bill.summary}"), highlight=False)


def _table(name: str, bills: list[Bill]) -> Table:
    table = Table(title=Text(f"{name}: payments for one fine-tune, everybody truthful"))
    for heading in ("way", "fine-tunes", "gap", "payments", "error", "gain"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    for bill in bills:
        numbers = (f"{bill.fine_tunes:.3g}", f"{bill.optimality_gap:.4f}")
        payments = " ".join(f"{payment:.4f}" for payment in bill.payments[:6]) + (" ..." if bill.payments[6:] else "")
        table.add_row(bill.way, *numbers, payments, f"{bill.error:.4f}", f"{bill.gain:.4f}")
    return table
