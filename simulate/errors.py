"""The one error a user can mend: bad input, said in a sentence."""

from __future__ import annotations

from collections.abc import Iterable

from mechanisms.named import unknown


class BadInput(ValueError):
    """Names file, key, value and what is allowed; the command line prints it and exits with 2."""


def no_such(what: str, name: str, known: Iterable[str]) -> BadInput:
    """An unknown name, with the nearest known one."""
    return BadInput(unknown(what, name, known))
