"""A figure as SVG: the same figure gives the same bytes."""

import base64
import io
import re
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
    return _lean(page.getvalue().decode("utf-8")).encode("utf-8")


def data_uri(image: bytes) -> str:
    """For an ``img``, where a browser runs no script and fetches nothing."""
    return "data:image/svg+xml;base64," + base64.b64encode(image).decode("ascii")


def _lean(image: str) -> str:
    """A third of the bytes less: no indentation, and hundredths of a point in tags; what is written stays as it is.

    Where the font that the layout was made for is missing, one as wide is asked for.
    """
    return re.sub(r"\n\s*", "\n", re.sub(r"<[^>]+>", _lean_tag, image))


def _lean_tag(tag: re.Match[str]) -> str:
    rounded = re.sub(r"(\d\.\d\d)\d+", r"\1", " ".join(tag.group().split()))
    return rounded.replace("font-family: 'DejaVu Sans'", "font-family: 'DejaVu Sans', Verdana, sans-serif")
