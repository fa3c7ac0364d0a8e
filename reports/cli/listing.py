"""`trueward list`: the catalogues."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import JsonOption, print_json
from simulate.errors import no_such


def _documented(name: str, entry: Any) -> dict[str, Any]:
    """The first line of the file that an entry lives in, and the formula its docstring begins with."""
    return {"name": name, "summary": _opening(sys.modules[entry.__module__]), "formula": _opening(entry)}


def _opening(documented: Any) -> str:
    """The first paragraph of a docstring on one line, without its full stop."""
    return " ".join((inspect.getdoc(documented) or "").split("\n\n")[0].split()).removesuffix(".")


KINDS = (
    "mechanisms",
    "training",
    "payments",
    "divergences",
    "fine_tuners",
    "messages",
    "repeated",
    "axioms",
    "strategies",
    "menus",
    "scenarios",
    "open_text",
    "pools",
    "metrics",
    "equilibria",
    "dynamics",
)


def rows(kind: str) -> list[dict[str, Any]]:
    """One catalogue: a name and a summary each, and what else there is to say."""
    from mechanisms.axioms import AXIOMS
    from mechanisms.catalogue import MECHANISMS
    from mechanisms.divergences import DIVERGENCES
    from mechanisms.fine_tuners import FINE_TUNERS
    from mechanisms.messages import MESSAGES
    from mechanisms.payments import PAYMENT_RULES
    from mechanisms.repeated import REPEATED
    from mechanisms.training_rules import TRAINING_RULES
    from simulate.audit.matrix import measured
    from simulate.dynamics import DYNAMICS
    from simulate.equilibria import EQUILIBRIA
    from simulate.fine_tuning.games import OPEN_TEXT
    from simulate.metrics import METRICS
    from simulate.pools import POOLS
    from simulate.scenarios import SCENARIOS
    from strategies import STRATEGIES
    from strategies.menus import MENUS

    documented: dict[str, Mapping[str, Any]] = {
        "training": TRAINING_RULES,
        "payments": PAYMENT_RULES,
        "divergences": DIVERGENCES,
        "fine_tuners": FINE_TUNERS,
        "messages": MESSAGES,
        "repeated": REPEATED,
        "axioms": AXIOMS,
        "menus": MENUS,
        "equilibria": EQUILIBRIA,
        "dynamics": DYNAMICS,
    }
    if kind in documented:
        return [_documented(name, entry) for name, entry in documented[kind].items()]
    if kind == "mechanisms":
        audited = measured()
        return [
            {"name": n, "summary": r.summary, "claims": sorted(r.claims), "axioms": audited.get(n, {})}
            for n, r in MECHANISMS.items()
        ]
    if kind == "strategies":
        return [{**_documented(name, make), **_learning(make())} for name, make in STRATEGIES.items()]
    if kind == "scenarios":
        return [{"name": n, "summary": data["summary"]} for n, data in SCENARIOS.items()]
    if kind == "open_text":
        return [{"name": n, "summary": f"{data['summary']} (trueward finetune)"} for n, data in OPEN_TEXT.items()]
    if kind == "pools":
        return [{"name": n, "summary": "responses of a language model, scored by reward models"} for n in POOLS]
    return [{"name": n, "summary": metric.summary, "better": metric.better} for n, metric in METRICS.items()]


def _learning(strategy: Any) -> dict[str, Any]:
    """What a strategy must see, and what it promises about its regret; all of it but the bound's function."""
    promise = strategy.promise
    said = promise and {key: value for key, value in vars(promise).items() if key != "bound"}
    return {"information": strategy.information, "promise": said}


def list_command(
    kind: Annotated[str | None, typer.Argument(help=f"One of {', '.join(KINDS)}; all of them if left out.")] = None,
    as_json: JsonOption = False,
) -> None:
    """The catalogues: everything there is, with one line each."""
    if kind is not None and kind not in KINDS:
        raise no_such("catalogue", kind, KINDS)
    kinds = [kind] if kind else list(KINDS)
    if as_json:
        print_json(rows(kind) if kind else {name: rows(name) for name in kinds})
        return
    console = Console()
    for name in kinds:
        table = Table(title=Text(name), title_justify="left", show_header=False, box=None, padding=(0, 2))
        for row in rows(name):
            table.add_row(Text(row["name"], style="bold"), Text(row["summary"]), Text(_more(row), style="dim"))
        console.print(table)
        if name == "mechanisms":
            _print_matrix(console)
        console.print()


def _print_matrix(console: Console) -> None:
    """As audited; a mechanism that came later has its cells "not measured"."""
    from mechanisms.catalogue import MECHANISMS
    from reports.tables.claims_matrix import matrix_table
    from simulate.audit.matrix import measured

    audited = measured()
    console.print(matrix_table({name: audited.get(name, {}) for name in MECHANISMS}))


def _more(row: Mapping[str, Any]) -> str:
    if promise := row.get("promise"):
        kind = promise["kind"].replace("_", " ")
        return (
            f"{row['information']}; {kind} at {promise['order']}, {promise['holds']}, {promise['adversary']} adversary"
        )
    return row.get("information") or row.get("formula") or row.get("better") or ""
