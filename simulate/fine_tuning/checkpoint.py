"""A training run on disk, whole or not at all: where it stands, and what every step so far has seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from mechanisms.fine_tuners.training.standing import Standing
from simulate.errors import BadInput
from simulate.whole_file import replace_file

CHECKPOINT = "checkpoint.safetensors"
OWNER = "config_sha256"  # the metadata that says whose checkpoint it is


@dataclass(frozen=True)
class Checkpoint:
    """``seen [t, columns]`` has a row for every step taken."""

    standing: Standing
    seen: Tensor

    def write(self, folder: Path, owner: str) -> None:
        """``owner`` is the digest of the configuration that is trained."""
        tensors = {**self.standing.named(), "seen": self.seen}
        written(folder / CHECKPOINT, packed(tensors, {OWNER: owner}))

    @classmethod
    def read(cls, folder: Path, owner: str, device: str = "cpu") -> Checkpoint | None:
        """What was written last, None if nothing was.  Raises BadInput where it is damaged or of another game."""
        path = folder / CHECKPOINT
        if not path.exists():
            return None
        try:
            with safe_open(path, "pt") as file:
                found = (file.metadata() or {}).get(OWNER)
                tensors = {name: file.get_tensor(name) for name in iter(file.keys())}
            checkpoint = cls(Standing.from_named({n: t.to(device) for n, t in tensors.items()}), tensors["seen"])
        except (SafetensorError, OSError, KeyError, StopIteration) as error:
            raise BadInput(f"{path}: not a whole checkpoint ({' '.join(str(error).split())[:200]})") from None
        if found != owner:
            raise BadInput(f"{path}: made with another configuration than config.toml beside it; nothing is resumed")
        return checkpoint


def packed(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """As safetensors; the same tensors give the same bytes, if ``metadata`` has one entry (more come in any order)."""
    plain = {name: value.detach().to("cpu").contiguous() for name, value in sorted(tensors.items())}
    return save(plain, dict(metadata))


def written(path: Path, content: bytes) -> None:
    """`replace_file`; raises BadInput where it cannot."""
    try:
        replace_file(path, content)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from None


def nothing_seen(columns: int) -> Tensor:
    """Before the first step."""
    return torch.zeros(0, columns, dtype=torch.float64)
