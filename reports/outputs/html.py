"""The page: a template filled with text, never with markup; with the figures and numbers that it names beside it."""

from __future__ import annotations

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.outputs.base import Made, Report
from reports.outputs.filters import FILTERS, TEMPLATES
from reports.spreadsheet import csv_text
from reports.text import visible


def html(report: Report) -> Made:
    """``index.html``, ``figures/NAME.svg``, ``tables/NAME.csv``."""
    images = {f"figures/{name}.svg": drawing.image for name, drawing in report.images.items()}
    numbers = {f"tables/{name}.csv": csv_text(frame).encode() for name, frame in report.frames.items()}
    return Made({**images, **numbers, "index.html": page(report, linked=True).encode()})


def page(report: Report, linked: bool) -> str:
    """Everything is escaped; no name can be missing; control characters are spelled out.

    ``linked``: the tables lie beside the page, and captions lead to them.
    """
    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=visible,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    found.filters.update(FILTERS)
    return found.get_template(report.page).render({**report.context, "linked": linked})
