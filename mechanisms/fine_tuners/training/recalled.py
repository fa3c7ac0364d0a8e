"""What was trained already is not trained again: fine-tunes by what they were trained on."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Protocol

import torch
from torch import Tensor

MOST_BYTES = 2**28  # of fine-tunes kept in memory; older ones are trained again, to the same numbers

Rows = dict[str, Tensor]  # what a stack leaves behind, by name, each tensor one row a fine-tune
Key = bytes


class Keeper(Protocol):
    """Where trained stacks are kept, to be looked at, and so that nothing is trained twice after an interruption."""

    def find(self, key: str) -> Rows | None:
        """What was kept under this key."""
        ...

    def keep(self, key: str, rows: Rows) -> None:
        """Whole or not at all."""
        ...


@dataclass
class Recalled:
    """Rows by key, the least recently wanted forgotten first.  Training is deterministic, so this changes no number.

    Nothing is forgotten while it is being put together: only `forget` lets go, and only of what is over the bound.
    """

    rows: OrderedDict[Key, Rows] = field(default_factory=OrderedDict)
    held: int = 0

    def __contains__(self, key: Key) -> bool:
        return key in self.rows

    def stacked(self, keys: list[Key]) -> Rows:
        """The rows of these keys, in their order."""
        for key in keys:
            self.rows.move_to_end(key)
        found = [self.rows[key] for key in keys]
        return {name: torch.stack([row[name] for row in found]) for name in found[0]}

    def keep(self, keys: list[Key], stack: Rows) -> None:
        """One row a key."""
        for place, key in enumerate(keys):
            self.rows[key] = {name: value[place].clone() for name, value in stack.items()}
            self.held += _bytes(self.rows[key])

    def forget(self) -> None:
        """As many of the least recently wanted as it takes to hold no more than the bound."""
        while self.held > MOST_BYTES:
            _, gone = self.rows.popitem(last=False)
            self.held -= _bytes(gone)


def keys_of(about: str, *rows: Tensor) -> list[Key]:
    """A key for every row ``[R, ...]``: what it was trained with, and every number that it was trained on."""
    start = sha256(about.encode())
    tables = [row.detach().to("cpu", torch.float64).contiguous().numpy() for row in rows]
    keys = []
    for place in range(len(tables[0])):
        digest = start.copy()
        for table in tables:
            digest.update(table[place].tobytes())
        keys.append(digest.digest())
    return keys


def name_of(keys: list[Key]) -> str:
    """The name of a stack: the digest of its keys, in hexadecimal."""
    return sha256(b"".join(keys)).hexdigest()


def _bytes(row: Mapping[str, Tensor]) -> int:
    return sum(value.numel() * value.element_size() for value in row.values())
