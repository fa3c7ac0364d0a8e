"""Cells on a terminal: ours over the paper's, and whether they agree where that is claimed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from simulate.beyond import BEYOND
from simulate.reproductions.base import Cell, Reproduced
from simulate.theorems import THEOREMS


def say(console: Console, name: str, found: Reproduced) -> None:
    """A table, then what it says; theorems have their statements in it, experiments a figure instead (--out)."""
    if found.found is None:
        console.print(_theorems(found.cells) if name == "theorems" else _grid(found))
    else:
        console.print(Text(found.title, style="bold"))
        console.print(Text(BEYOND[name].setting, style="dim"))
    for sentence in found.says:
        console.print(sentence, highlight=False)


def printed_value(value: float | None) -> str:
    """Four digits; a dash where there is none."""
    return "-" if value is None else "0" if abs(value) < 5e-10 else f"{value:.4g}"


def _grid(found: Reproduced) -> Table:
    columns = list(dict.fromkeys(cell.column for cell in found.cells))
    rows: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in found.cells:
        rows.setdefault((cell.row, cell.setting), {})[cell.column] = cell
    table = Table(title=Text(f"{found.title}: ours, the paper's below"), title_justify="left", show_lines=True)
    table.add_column("")
    table.add_column("setting")
    for column in columns:
        table.add_column(Text(column), justify="right")
    for (row, setting), mine in rows.items():
        table.add_row(Text(row), Text(setting), *(_cell(mine.get(column)) for column in columns))
    return table


def _cell(cell: Cell | None) -> Text:
    if cell is None:
        return Text("")
    if cell.paper is None:
        return Text(f"{printed_value(cell.ours)}\n[{printed_value(cell.low)}, {printed_value(cell.high)}]")
    style = {True: "green", False: "bold red", None: ""}[cell.matches]
    return Text(f"{printed_value(cell.ours)}\n{cell.paper:g}", style=style)


def _theorems(cells: Sequence[Cell]) -> Table:
    table = Table()
    table.add_column("theorem")
    table.add_column("statement, and what is measured", ratio=1)
    for heading in ("paper", "worst met", "tried"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("verdict")
    for number, ones in _by_row(cells).items():
        table.add_row(Text(number, style="bold"), Text(THEOREMS[number].statement))
        for one in ones:
            worst = "inf" if one.ours is None else f"{one.ours:.3g}"
            numbers = (f"{one.claim} {one.paper:g}", worst, f"{one.tried:,}")
            verdict = Text("holds", style="green") if one.matches else Text("FAILS", style="bold red")
            table.add_row("", Padding(Text(one.column), (0, 0, 0, 2)), *numbers, verdict)
            if one.note:
                table.add_row("", Padding(Text(one.note, style="dim"), (0, 0, 0, 4)))
        table.add_section()
    return table


def _by_row(cells: Sequence[Cell]) -> Mapping[str, list[Cell]]:
    rows: dict[str, list[Cell]] = {}
    for cell in cells:
        rows.setdefault(cell.row, []).append(cell)
    return rows
