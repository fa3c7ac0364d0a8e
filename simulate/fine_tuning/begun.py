"""What the manifest of a folder says of it, from the first step of a fine-tune on; read before torch is loaded."""

from __future__ import annotations

import shlex
from pathlib import Path

from simulate.files import read_mapping

KIND = "finetune"
MANIFEST = "manifest.json"


def is_fine_tune(folder: Path) -> bool:
    """Is it the folder of a fine-tune, finished or not?"""
    path = folder / MANIFEST
    return path.is_file() and read_mapping(path).get("kind") == KIND


def is_done(folder: Path) -> bool:
    """Has everything been measured?"""
    return read_mapping(folder / MANIFEST).get("state") == "done"


def how_to_resume(folder: Path) -> str:
    """The end of a sentence."""
    return f"`trueward resume {shlex.quote(str(folder))}` goes on from its last checkpoint"
