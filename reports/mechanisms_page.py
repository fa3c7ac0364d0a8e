"""The page of all mechanisms: formulas and sources from the docstrings, the claims matrix from the audit."""

from __future__ import annotations

import inspect
import sys
from typing import Any

from mechanisms.axioms import AXIOMS
from mechanisms.catalogue import MECHANISMS
from mechanisms.named import name_of
from mechanisms.payments import PAYMENT_RULES
from mechanisms.repeated import REPEATED
from mechanisms.training_rules import TRAINING_RULES
from reports.tables.claims_matrix import LEGEND, SHORT, matrix_markdown
from simulate.audit.matrix import Matrix

HEAD = """# Mechanisms

A mechanism pairs a training rule with a payment rule. This page is written by
`trueward audit three_strangers --all --out FOLDER`; formulas and sources are those of the code.

## Which axioms hold

Measured on random games of three agents and five responses (scenario `three_strangers`, beta 0.3), every mechanism on
the same games, and on a game made by hand where those refuted nothing (`simulate/audit/counterexamples.py`).

{legend}. A *yes* rests on the theorem that the mechanism claims; the search only failed to refute it. Nash welfare's
objective is in units of log reward, all else in units of utility.
"""


def mechanisms_page(matrix: Matrix) -> str:
    """Markdown."""
    axioms = [f"- **{SHORT[name]}** `{name}`: {_title(axiom)}. {_opening(axiom)}." for name, axiom in AXIOMS.items()]
    parts = [HEAD.format(legend=LEGEND[0].upper() + LEGEND[1:]), matrix_markdown(matrix), "", *axioms, ""]
    for name, recipe in MECHANISMS.items():
        parts += [f"## {name}", "", f"{recipe.summary[0].upper()}{recipe.summary[1:]}.", ""]
        parts.append(_rule("trains", name_of(recipe.training), TRAINING_RULES))
        parts.append(_rule("charges", name_of(recipe.payment), PAYMENT_RULES))
        if recipe.repeated is not None:
            parts.append(_rule("repeats", name_of(recipe.repeated), REPEATED))
        parts.append("")
    return "\n".join(parts)


def _rule(what: str, name: str, catalogue: Any) -> str:
    entry = catalogue[name]
    return f"- *{what}* `{name}`: {_title(entry)}. {_opening(entry)}."


def _title(entry: Any) -> str:
    """The first line of the file an entry lives in."""
    return _first(sys.modules[entry.__module__].__doc__)


def _opening(entry: Any) -> str:
    """The formula its docstring begins with, safe in Markdown."""
    return _first(inspect.getdoc(entry)).replace("*", "\\*").replace("_", "\\_").replace("|", "\\|")


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split()).removesuffix(".")
