"""Where, when and from what a run was made: the manifest of its folder."""

from __future__ import annotations

import hashlib
import importlib.metadata
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from simulate.config import Config

SCHEMA_VERSION = 1
PACKAGES = ("trueward", "torch", "numpy", "scipy", "mesa", "pandas", "pyarrow", "transformers")


def manifest(config: Config, resolved: str, started: datetime, options: dict[str, Any]) -> dict[str, Any]:
    """Where, when and from what a run was made."""
    return {
        "schema_version": SCHEMA_VERSION,
        **provenance(),
        "seed": config.seed,
        "config_sha256": hashlib.sha256(resolved.encode()).hexdigest(),
        "threads": torch.get_num_threads(),
        **options,
        "start": started.isoformat(timespec="seconds"),
        "end": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def provenance() -> dict[str, Any]:
    """Package versions, Python and the state of the checkout."""
    return {
        "packages": {name: version for name in PACKAGES if (version := package_version(name))},
        "python": platform.python_version(),
        "git": _git(),
    }


def package_version(package: str) -> str | None:
    """The installed version, None where it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _git() -> dict[str, Any] | None:
    """Commit and dirtiness of the checkout the code runs from; None outside one."""
    here = Path(__file__).resolve().parent

    def asked(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(here), *arguments], capture_output=True, text=True, timeout=10, check=True
        )
        return done.stdout.strip()

    try:
        return {"commit": asked("rev-parse", "HEAD"), "dirty": bool(asked("status", "--porcelain"))}
    except (OSError, subprocess.SubprocessError):
        return None
