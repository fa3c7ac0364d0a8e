"""A figure as SVG: the same figure gives the same bytes."""

import base64
import io
import warnings

from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE


def svg(figure: Figure) -> bytes:
    """No date, no random identifiers; glyphs that the font lacks are drawn as boxes, silently."""
    page = io.BytesIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Glyph.*", category=UserWarning)
        figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    return page.getvalue()


def data_uri(image: bytes) -> str:
    """For an ``img``, where a browser runs no script and fetches nothing."""
    return "data:image/svg+xml;base64," + base64.b64encode(image).decode("ascii")
