"""What templates may call."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from reports.findings import span
from reports.tables.terminal import number

TEMPLATES = Path(__file__).parent.parent / "templates"

FILTERS: dict[str, Callable[..., Any]] = {
    "number": number,
    "span": span,
    "percent": lambda share: f"{share:.0%}",
    "words": lambda name: name.replace("_", " "),
}
