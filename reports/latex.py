"""Frames as LaTeX tables in the style of booktabs, which pdflatex sets whatever the cells say."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

import pandas as pd

from reports.numbers import number
from reports.text import visible

MOST_ROWS = 60  # a page of a paper; the CSV has all
_NEEDS = "% needs \\usepackage{booktabs}\n"
_SPELLED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"{\ttfamily\char34}", "`": r"\textasciigrave{}",
    "\u2013": r"\textendash{}", "\u2014": r"\textemdash{}", "\u2026": r"\ldots{}",
    "\u2018": r"\textquoteleft{}", "\u2019": r"\textquoteright{}",
    "\u201c": r"\textquotedblleft{}", "\u201d": r"\textquotedblright{}",
}  # fmt: skip


def latex_table(frame: pd.DataFrame, name: str) -> str:
    """A ``tabular``; of long frames the first rows, and how many more there are."""
    numeric = [pd.api.types.is_numeric_dtype(frame[column]) for column in frame.columns]
    cells = pd.DataFrame({latex(str(column)): list(map(_cell, frame[column].head(MOST_ROWS))) for column in frame})
    columns = "".join("r" if right else "l" for right in numeric)
    table = cells.to_latex(index=False, escape=False, column_format=columns)
    if len(frame) > MOST_ROWS:
        more = f"{len(frame) - MOST_ROWS:,} more rows are in {latex(name)}.csv"
        table = table.replace("\\bottomrule", f"\\multicolumn{{{len(numeric)}}}{{l}}{{{more}}} \\\\\n\\bottomrule")
    return _NEEDS + table


def latex(text: str) -> str:
    """Text on one line, in ASCII and the letters that every font of LaTeX has; others by their number.

    >>> print(latex("a_b"), latex("5 %"), latex("中"))
    a\\_b 5 \\% [U+4E2D]
    """
    line = re.sub("-(?=-)", "-\u200b", " ".join(str(visible(text)).split()))  # two hyphens would join to a dash
    return "".join(map(_set, line))


def _cell(value: Any) -> str:
    """Numbers to four digits; what looks like an option of the line before is kept apart from it."""
    if value is None or isinstance(value, float):
        shown = number(value)
        return f"${shown}$" if len(shown) > 1 and shown.startswith("-") else shown
    text = latex(str(value))
    return "{}" + text if text.startswith(("[", "*")) else text


def _set(character: str) -> str:
    if character == "\u200b":
        return "{}"
    spelled = _SPELLED.get(character)
    return spelled or (character if _in_every_font(character) else f"[U+{ord(character):04X}]")


def _in_every_font(character: str) -> bool:
    """Also western letters that fonts put together from a letter and its accent."""
    western = ord(character) < 256 and unicodedata.decomposition(character).startswith("00")
    return western or character.isascii() or character in "ßæøÆØ"
