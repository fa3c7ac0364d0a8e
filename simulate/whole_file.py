"""A file that is there whole or not at all."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

MODE = 0o664  # less what the umask takes; never everybody's
DRAFT = ".writing"  # ends the name of a file that is not finished; a killed process leaves it behind


def replace_file(path: Path, content: bytes) -> None:
    """Whoever reads ``path``, whenever, finds the old file or the new one.  Raises OSError where neither can be.

    Of processes that write the same path at once, one wins.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}{DRAFT}")
    try:
        # "x": nobody can have put a link there, even if he could guess the name
        with open(draft, "xb", opener=lambda name, flags: os.open(name, flags, MODE)) as file:
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
