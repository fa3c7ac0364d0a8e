"""`trueward audit`: which axioms a mechanism satisfies, and a game for every one that it does not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import (
    JsonOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    print_json,
    progress,
    settings,
)
from simulate.errors import BadInput, no_such
from simulate.load import load

if TYPE_CHECKING:
    from simulate.audit.audit import Verdict
    from simulate.config import Config

ONLY = Annotated[str | None, typer.Option("--axioms", help="Some axioms only, separated by commas.")]
GAMES = Annotated[int | None, typer.Option("--games", min=1, help="Random games beside the scenario's own.")]
LIES = Annotated[int | None, typer.Option("--lies", min=1, help="Random misreports of each agent to begin with.")]
WITNESSES = Annotated[Path | None, typer.Option("--witnesses", help="Folder for one game file a violated axiom.")]
ALL = Annotated[bool, typer.Option("--all", help="Every catalogued mechanism, as the matrix of `list mechanisms`.")]
OUT = Annotated[Path | None, typer.Option("--out", help="With --all: folder for measured.json and mechanisms.md.")]


def audit_command(
    scenario: ScenarioArgument,
    axioms: ONLY = None,
    games: GAMES = None,
    lies: LIES = None,
    seed: SeedOption = None,
    witnesses: WITNESSES = None,
    every: ALL = False,
    out: OUT = None,
    set_: SetOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put every axiom to the test, on the scenario's games and on random ones like them.

    A violation of 0 means that none was found by the search described; a witness is a game for `trueward solve`.
    """
    config = load(scenario, settings(set_))
    if every:
        _audit_all(config, out, as_json)
        return
    if out is not None:
        raise BadInput("--out: only with --all; for the games that refute, there is --witnesses")
    from mechanisms.axioms import AXIOMS
    from simulate.audit.audit import audit
    from simulate.scenario import build
    from simulate.store import mechanism_name

    names = list(AXIOMS) if axioms is None else [name.strip() for name in axioms.split(",")]
    for name in names:
        if name not in AXIOMS:
            raise no_such("axiom", name, AXIOMS)
    built = build(config, scenario, range(min(config.replicates, 8)))
    with progress(f"{config.name}: axioms", len(names)) as advance:
        verdicts = audit(built, names, games, lies, config.seed if seed is None else seed, advance)
    mechanism = mechanism_name(config)
    if witnesses is not None:
        _write(witnesses, verdicts)
    if as_json:
        print_json({"mechanism": mechanism, "axioms": {verdict.axiom: _row(verdict) for verdict in verdicts}})
        return
    _show(f"{mechanism} on {config.name}", verdicts)


def _audit_all(config: Config, out: Path | None, as_json: bool) -> None:
    from mechanisms.catalogue import MECHANISMS
    from reports.mechanisms_page import mechanisms_page
    from reports.tables.claims_matrix import matrix_table
    from simulate.audit.matrix import measure, record

    with progress(f"{config.name}: mechanisms", len(MECHANISMS)) as advance:
        matrix = measure(config, MECHANISMS, advance)
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
            record(out, config, matrix)
            (out / "mechanisms.md").write_text(mechanisms_page(matrix), encoding="utf-8")
        except OSError as error:
            raise BadInput(f"--out {str(out)!r}: {error.strerror or error}") from None
    if as_json:
        print_json({"scenario": config.name, "matrix": matrix})
        return
    Console().print(matrix_table(matrix))


def _row(verdict: Verdict) -> dict[str, Any]:
    return {
        "claimed": verdict.claimed,
        "holds": verdict.holds,
        "violation": verdict.violation,
        "witness": verdict.witness,
        "searched": verdict.searched,
    }


def _write(folder: Path, verdicts: Sequence[Verdict]) -> None:
    """``FOLDER/AXIOM.json``, one game for each violated axiom."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for verdict in verdicts:
            if verdict.witness is not None:
                game = json.dumps(verdict.witness["game"], indent=1)
                (folder / f"{verdict.axiom}.json").write_text(game, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"--witnesses {str(folder)!r}: {error.strerror or error}") from None


def _show(title: str, verdicts: Sequence[Verdict]) -> None:
    console = Console()
    table = Table(title=Text(title), title_justify="left")
    for heading in ("axiom", "claimed", "found", "largest violation", "searched"):
        table.add_column(heading, justify="right" if heading == "largest violation" else "left")
    for verdict in verdicts:
        searched = ", ".join(f"{count} {what}" for what, count in verdict.searched.items())
        cells = (
            verdict.axiom,
            "yes" if verdict.claimed else "no",
            _found(verdict),
            f"{max(verdict.violation, 0.0):.3g}",
            searched,
        )
        table.add_row(*map(Text, cells))
    console.print(table)
    for verdict in verdicts:
        if verdict.witness is not None:
            console.print(Text(_told(verdict)))


def _found(verdict: Verdict) -> str:
    if verdict.holds:
        return "no violation" if verdict.claimed else "no violation found"
    return "VIOLATED, AGAINST THE CLAIM" if verdict.claimed else "violated"


def _told(verdict: Verdict) -> str:
    """One line on who violates what; the cycle where there is one."""
    assert verdict.witness is not None
    cycle = verdict.witness.get("types")
    if cycle is None:
        return f"{verdict.axiom}: {verdict.witness['agent']}, {verdict.violation:.4g}"
    shown = " -> ".join(_type(node) for node in cycle[:4])
    more = f" -> ... ({len(cycle)} types)" if len(cycle) > 4 else ""
    return f"{verdict.axiom}: a cycle of types of {verdict.witness['agent']}: {shown}{more} -> back"


def _type(node: dict[str, Any]) -> str:
    first = node["rewards"][0]
    numbers = ", ".join(f"{reward:.3g}" for reward in first[:6]) + (", ..." if len(first) > 6 else "")
    return f"{node['weight']:.3g} x [{numbers}]"
