"""Catalogue of outputs: what `trueward report` makes of one report."""

from reports.outputs.base import Output
from reports.outputs.html import html
from reports.outputs.markdown import markdown
from reports.outputs.pdf import pdf
from reports.outputs.tables import tables

OUTPUTS: dict[str, Output] = {
    "html": html,
    "pdf": pdf,
    "markdown": markdown,
    "tables": tables,
}
