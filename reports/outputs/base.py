"""What a report is before it is a file: one context for two templates, and the frames and figures behind it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from reports.drawing import Drawing


@dataclass(frozen=True)
class Report:
    """Made once; every output says the same of it."""

    page: str  # template of the HTML
    brief: str  # template of the Markdown
    context: Mapping[str, Any]  # what both say
    images: Mapping[str, Drawing]  # by name
    frames: Mapping[str, pd.DataFrame]  # tables by name, those that figures draw among them


@dataclass(frozen=True)
class Made:
    """Contents by file name; ``notes`` says what a reader will miss, a sentence each."""

    files: Mapping[str, bytes]
    notes: tuple[str, ...] = ()


Output = Callable[[Report], Made]
