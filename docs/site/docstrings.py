"""Docstrings are plain text; the site is Markdown: what would be markup is escaped, and examples become code."""

from __future__ import annotations

import re
from typing import Any

import griffe

CODE = re.compile(r"(``[^`]+``|`[^`]+`)")
SPECIAL = {**{mark: f"\\{mark}" for mark in "\\*_[]>#"}, "<": "&lt;"}


class PlainText(griffe.Extension):
    """Every docstring, as Markdown that looks like the docstring."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        """Griffe calls this for every object it has read."""
        if obj.docstring:
            obj.docstring.value = markdown(obj.docstring.value)


def markdown(docstring: str) -> str:
    """Paragraphs escaped; those that begin with ``>>>`` as a console session, indented ones as they are.

    >>> print(markdown("p_i = w_i * E[r_i], see `base`"))
    p\\_i = w\\_i \\* E\\[r\\_i\\], see `base`
    """
    return "\n\n".join(map(_paragraph, re.split(r"\n\s*\n", docstring)))


def _paragraph(text: str) -> str:
    if text.lstrip().startswith(">>>"):
        return f"```pycon\n{text}\n```"
    parts = CODE.split(text)  # odd parts are code
    return "".join(part if i % 2 else part.translate(str.maketrans(SPECIAL)) for i, part in enumerate(parts))
