"""What templates may call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.numbers import number, span
from simulate.statistics import wilson

TEMPLATES = Path(__file__).parent.parent / "templates"

FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "span": span,
    "percent": lambda share: f"{share:.0%}",
    "share_span": lambda share, of: "[{:.0%}, {:.0%}]".format(*wilson(round(share * of), of)),
    "measured": lambda found: span(found) if found["iqm"] is not None else "not measured",
    "words": lambda name: name.replace("_", " "),
}
