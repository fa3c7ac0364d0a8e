"""A figure as SVG: the same figure gives the same bytes."""

import base64
import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE


def svg(figure: Figure) -> bytes:
    """No date, no random identifiers; glyphs that the font lacks are drawn as boxes, silently."""
    page = io.BytesIO()
    with rc_context(STYLE), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Glyph.*", category=UserWarning)
        _laid_out(figure)
        figure.savefig(page, format="svg", metadata={"Date": None, "Creator": None}, facecolor="white")
    return _lean(page.getvalue().decode("utf-8")).encode("utf-8")


@dataclass(frozen=True)
class Drawing:
    """An image that is drawn when it is first looked at, and once."""

    draw: Callable[[], bytes]

    @cached_property
    def image(self) -> bytes:
        """SVG."""
        return self.draw()

    @property
    def uri(self) -> str:
        """For an ``img``."""
        return data_uri(self.image)


def data_uri(image: bytes) -> str:
    """For an ``img``, where a browser runs no script and fetches nothing."""
    return "data:image/svg+xml;base64," + base64.b64encode(image).decode("ascii")


def _laid_out(figure: Figure) -> None:
    """Now and for good; otherwise Matplotlib draws everything twice, first to see where it goes."""
    if (engine := figure.get_layout_engine()) is not None:
        engine.execute(figure)
        figure.set_layout_engine("none")


def _lean(image: str) -> str:
    """A third of the bytes less: no indentation, and hundredths of a point in tags; what is written stays as it is.

    Where the font that the layout was made for is missing, one as wide is asked for.
    """
    return re.sub(r"\n\s*", "\n", re.sub(r"<[^>]+>", _lean_tag, image))


def _lean_tag(tag: re.Match[str]) -> str:
    rounded = re.sub(r"(\d\.\d\d)\d+", r"\1", " ".join(tag.group().split()))
    return rounded.replace("font-family: 'DejaVu Sans'", "font-family: 'DejaVu Sans', Verdana, sans-serif")
