"""`trueward bench`: ratios against peers measured in the same run."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from reports.cli.options import JsonOption, print_json, progress
from simulate.errors import no_such


def bench_command(
    name: Annotated[str | None, typer.Argument(help="One of them, e.g. thousand_games; all if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Time our code against peers in the same run; ratio = ours / peer, so smaller is better."""
    from simulate.benchmarks import BENCHMARKS
    from simulate.benchmarks.base import timed

    if name is not None and name not in BENCHMARKS:
        raise no_such("benchmark", name, BENCHMARKS)
    found = []
    with progress("benchmarks", 1 if name else len(BENCHMARKS)) as advance:
        for key in [name] if name else BENCHMARKS:
            found.append(timed(key, BENCHMARKS[key]))
            advance(1)
    if as_json:
        print_json([asdict(timing) for timing in found])
        return
    table = Table()
    for heading in ("benchmark", "ours (ms)", "peer", "peer (ms)", "ours / peer", "target"):
        table.add_column(heading)
    for timing in found:
        numbers = (f"{1e3 * timing.ours_s:.2f}", timing.peer, f"{1e3 * timing.peer_s:.2f}")
        table.add_row(timing.name, *numbers, f"{timing.ratio:.3g}", f"< {timing.target:g}")
    Console().print(table)
