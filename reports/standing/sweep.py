"""A sweep, from its first run on; read while its driver writes, and from copies that nobody may write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reports.standing.base import Kind, Standing, youngest
from simulate.errors import BadInput
from simulate.sweeps.place import LEDGER, MANIFEST, is_sweep


def read_sweep_standing(folder: Path) -> Standing:
    """Runs by state, and why some failed.  Raises BadInput where the ledger or the manifest is damaged."""
    from simulate.sweeps.ledger import counted, failures

    counts = counted(folder)
    done, failed = counts.get("done", 0), counts.get("failed", 0)
    manifest = _manifest(folder)
    total = int(manifest.get("runs", done + failed))
    facts = [("failed", f"{failed:,}: " + ", ".join(f"{n} x {kind}" for kind, n in failures(folder)))] if failed else []
    facts += [("games", f"{manifest.get('games', '?')}")]
    files = [folder / LEDGER, folder / f"{LEDGER}-wal"]
    ended = manifest.get("end") is not None and done + failed >= total
    return Standing(
        "sweep", str(manifest.get("sweep", folder.name)), ended, "runs", done + failed, total, youngest(files),
        tuple(facts),
    )  # fmt: skip


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"{folder / MANIFEST}: cannot be read ({' '.join(str(error).split())[:200]})") from None
    return found if isinstance(found, dict) else {}


SWEEP = Kind(is_sweep, read_sweep_standing)
