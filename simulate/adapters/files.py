"""Tensors in one safetensors file: written whole or not at all, and read only if nothing is missing or changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from simulate.whole_file import replace_file

SUFFIX = ".safetensors"
HEADER = "trueward"  # one entry: the format does not keep several in their order


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, Any]) -> None:
    """Put ``tensors`` at ``path``, with ``about`` and their digest as JSON in the header.

    A crash leaves the old file or the new one; of processes that write the same path at once, one wins.
    """
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_file(path, save(plain, {HEADER: json.dumps({**about, "sha256": _digest(plain)})}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """The tensors and what the header says about them; None where there is no such file, or not as it was written."""
    try:
        with safe_open(path, "pt") as file:
            about = json.loads(file.metadata()[HEADER])
            tensors = {name: file.get_tensor(name) for name in iter(file.keys())}
        return (tensors, about) if about["sha256"] == _digest(tensors) else None
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def _digest(tensors: Mapping[str, Tensor]) -> str:
    """Of names, kinds, shapes and every byte: the format itself notices a missing end, not a changed number."""
    digest = sha256()
    for name in sorted(tensors):
        value = tensors[name].contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)};".encode())
        digest.update(value.flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()
