"""`trueward list`: the catalogues."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mechanisms import AXIOMS, DIVERGENCES, FINE_TUNERS, MECHANISMS, MESSAGES, PAYMENT_RULES, TRAINING_RULES
from reports.cli.options import JsonOption, print_json
from simulate.errors import no_such
from simulate.metrics import METRICS
from simulate.pools import POOLS
from simulate.scenarios import SCENARIOS
from strategies import STRATEGIES
from strategies.menus import MENUS


def _documented(catalogue: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The first sentence of every entry's docstring."""
    return [{"name": name, "summary": _first_line(entry)} for name, entry in catalogue.items()]


def _first_line(entry: Any) -> str:
    """An entry's own first line, without the formula's line break."""
    return " ".join((inspect.getdoc(entry) or "").split("\n\n")[0].split())


def _mechanisms() -> list[dict[str, Any]]:
    return [
        {"name": name, "summary": recipe.summary, "claims": sorted(recipe.claims)} for name, recipe in MECHANISMS.items()
    ]


def _strategies() -> list[dict[str, Any]]:
    return [
        {"name": name, "summary": _first_line(entry), "information": entry().information}
        for name, entry in STRATEGIES.items()
    ]


CATALOGUES: dict[str, Callable[[], list[dict[str, Any]]]] = {
    "mechanisms": _mechanisms,
    "training": lambda: _documented(TRAINING_RULES),
    "payments": lambda: _documented(PAYMENT_RULES),
    "divergences": lambda: _documented(DIVERGENCES),
    "fine_tuners": lambda: _documented(FINE_TUNERS),
    "messages": lambda: _documented(MESSAGES),
    "axioms": lambda: _documented(AXIOMS),
    "strategies": _strategies,
    "menus": lambda: _documented(MENUS),
    "scenarios": lambda: [{"name": name, "summary": data["summary"]} for name, data in SCENARIOS.items()],
    "pools": lambda: [{"name": name, "summary": "responses of a language model, scored"} for name in POOLS],
    "metrics": lambda: [{"name": n, "summary": m.summary, "better": m.better} for n, m in METRICS.items()],
}


def list_command(
    kind: Annotated[str | None, typer.Argument(help=f"One of {', '.join(CATALOGUES)}; all of them if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The catalogues: everything there is, with one line each."""
    if kind is not None and kind not in CATALOGUES:
        raise no_such("catalogue", kind, CATALOGUES)
    kinds = [kind] if kind else list(CATALOGUES)
    if as_json:
        print_json(CATALOGUES[kind]() if kind else {name: CATALOGUES[name]() for name in kinds})
        return
    console = Console()
    for name in kinds:
        table = Table(title=Text(name), title_justify="left", show_header=False, box=None, padding=(0, 2))
        for row in CATALOGUES[name]():
            extra = row.get("claims") or row.get("information") or ""
            extra = "claims " + ", ".join(extra) if isinstance(extra, list) else extra
            table.add_row(Text(row["name"], style="bold"), Text(row["summary"]), Text(extra, style="dim"))
        console.print(table)
        console.print()
