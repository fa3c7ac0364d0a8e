"""A file that is there whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

DRAFT = ".writing"  # ends the name of a file that is not finished; a killed process leaves it behind


def replace_file(path: Path, content: bytes) -> None:
    """Whoever reads ``path``, whenever, finds the old file or the new one.  Raises OSError where neither can be.

    Of processes that write the same path at once, one wins.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}{DRAFT}")
    try:
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def clear_drafts(folder: Path) -> None:
    """Remove what killed processes left behind, at any depth."""
    for draft in folder.rglob(f".*{DRAFT}"):
        draft.unlink()
