"""The claims matrix, for a terminal and for a page: mechanisms down, axioms across."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from mechanisms.axioms import AXIOMS
from simulate.audit.matrix import Matrix, shown

SHORT = {axiom: "".join(word[0] for word in axiom.split("_")).upper() for axiom in AXIOMS} | {
    "anonymous": "AN",
    "efficient": "EF",
    "participation": "PA",
}
LEGEND = (
    "yes: claimed, and no violation found; a number: refuted, by a witness of that size in units of utility; "
    "?: neither claimed nor refuted"
)


def matrix_table(matrix: Matrix) -> Table:
    """One row a mechanism, one narrow column an axiom."""
    table = Table(title=Text("which mechanism satisfies which axiom"), title_justify="left", caption=Text(_key()))
    table.add_column("", no_wrap=True)
    for axiom in AXIOMS:
        table.add_column(SHORT[axiom], justify="right")
    for name, row in matrix.items():
        table.add_row(Text(name), *(Text(shown(row.get(axiom))) for axiom in AXIOMS))
    return table


def matrix_markdown(matrix: Matrix) -> str:
    """The same as a Markdown table."""
    lines = ["| mechanism | " + " | ".join(SHORT[axiom] for axiom in AXIOMS) + " |", "|---" * (len(AXIOMS) + 1) + "|"]
    lines += [
        f"| `{name}` | " + " | ".join(shown(row.get(axiom)) for axiom in AXIOMS) + " |" for name, row in matrix.items()
    ]
    return "\n".join(lines)


def _key() -> str:
    return f"{LEGEND}.\n" + ", ".join(f"{short} {axiom.replace('_', ' ')}" for axiom, short in SHORT.items())
