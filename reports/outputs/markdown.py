"""A summary for pull requests: the verdict in a table, and what it does not show."""

from __future__ import annotations

import re
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.outputs.base import Made, Report
from reports.outputs.filters import FILTERS, TEMPLATES
from reports.text import visible

_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKUP = re.compile(r"([\\`*_{}\[\]#|~!$])")
_BEGINNING = re.compile(r"^(\d*)([-+=](?=[\s=-])|(?<=\d)[.)](?=\s|$))")  # of a list, or an underlined heading
# Sites turn these into links and mentions after Markdown has spoken; a zero-width space comes between.
_AFTERWARDS = re.compile(r"(@|:(?=//)|\bwww(?=\.)|#(?=\d))")


class Verbatim(str):
    """Text that is not to be escaped."""


def markdown(report: Report) -> Made:
    """``report.md``."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=False, undefined=StrictUndefined, finalize=_text,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    found.filters.update(FILTERS, verbatim=_verbatim)
    return Made({"report.md": found.get_template(report.brief).render(report.context).encode()})


def plain(text: str) -> str:
    """Text that Markdown, HTML inside it and the sites that show it leave as it is, on one line.

    >>> print(plain("a_b <script>"), plain("- x"))
    a\\_b &lt;script&gt; \\- x
    """
    line = " ".join(str(visible(text)).split())
    marked = _AFTERWARDS.sub("\\1\u200b", line).translate(_ENTITIES)
    return _BEGINNING.sub(r"\1\\\2", _MARKUP.sub(r"\\\1", marked)).replace("\u200b", "&#8203;")


def _verbatim(text: str) -> Verbatim:
    """One line for an indented block, where nothing is markup."""
    return Verbatim(" ".join(str(visible(text)).split()))


def _text(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not isinstance(value, Verbatim) else value
