"""The page on paper, by WeasyPrint; nothing is fetched but the figures that the page itself carries."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from reports.outputs.base import Made, Report
from reports.outputs.html import page

INSTALL = "pip install 'trueward[pdf]', and Pango, which most Linux distributions call libpango or pango"


def pdf(report: Report) -> Made:
    """``report.pdf``; nothing, and a sentence on what to install, where WeasyPrint or Pango is missing."""
    try:
        from weasyprint import HTML  # imported here: an extra, and slow to load
    except (ImportError, OSError) as error:  # OSError: Pango is a library of the system
        return Made({}, (f"report.pdf is not written: {_first_line(error)}; {INSTALL}",))
    figures = frozenset(drawing.uri for drawing in report.images.values())
    with _heard("weasyprint") as warnings:
        content: bytes = HTML(string=page(report, linked=False), url_fetcher=_only(figures)).write_pdf()
    return Made({"report.pdf": content}, _glyphs(warnings))


def _only(figures: Collection[str]) -> Any:
    """A fetcher that knows the page's own figures, and so refuses everything that stands inside one."""
    from weasyprint.urls import URLFetcher

    class OwnFigures(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url not in figures:
                raise ValueError(f"not a figure of this page: {url[:60]}")
            return super().fetch(url, headers)

    return OwnFigures(allowed_protocols={"data"})


def _glyphs(warnings: list[str]) -> tuple[str, ...]:
    """WeasyPrint draws a box for a character that no installed font has, and says so in its log."""
    if not any("glyph" in warning.lower() for warning in warnings):
        return ()
    return ("report.pdf shows boxes: no installed font has some of its characters; a Noto font with them would help",)


class _Ears(logging.Handler):
    """Keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


@contextmanager
def _heard(logger: str) -> Iterator[list[str]]:
    """What a logger says meanwhile; nobody else hears it."""
    ears = _Ears()
    talker = logging.getLogger(logger)
    before = talker.propagate, list(talker.handlers)
    talker.propagate, talker.handlers = False, [ears]
    try:
        yield ears.said
    finally:
        talker.propagate, talker.handlers = before


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:200]
