"""Text that somebody else wrote, made safe to look at: names of agents, summaries, paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Any

_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, format (bidi overrides), surrogates, separators


def visible(value: Any) -> Any:
    """Text with control and direction characters spelled out; line breaks, tabs and anything not text pass.

    >>> visible("a\\x1b[31mb"), visible("x\\u202ey"), visible(3)
    ('a\\\\x1b[31mb', 'x\\\\u202ey', 3)
    """
    if type(value) is not str or (value.isascii() and value.isprintable()):
        return value
    return "".join(c if c in "\n\t" or unicodedata.category(c) not in _INVISIBLE else _escaped(c) for c in value)


def label(name: str, length: int = 24) -> str:
    """A name for an axis: one line, not longer than ``length``; beginning and end are kept, they tell names apart.

    >>> label("a\\nb"), label("member-of-camp-17", 9)
    ('a b', 'memb…p-17')
    """
    line = " ".join(str(visible(name)).split())
    half = (length - 1) // 2
    return line if len(line) <= length else f"{line[: length - 1 - half]}…{line[-half:]}"


def listed(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``.

    >>> listed("abc")
    'a, b and c'
    """
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def agreed(values: Iterable[Any]) -> str:
    """What is common to all, once; otherwise every different value.

    >>> agreed([1, 1]), agreed([1, 2, 1])
    ('1', '1 / 2')
    """
    return " / ".join(dict.fromkeys(str(value) for value in values))


def _escaped(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def counted(size: int, what: str) -> str:
    """``1 prompt``, ``2 prompts``.

    >>> counted(1, "prompt"), counted(1200, "prompt")
    ('1 prompt', '1,200 prompts')
    """
    return f"{size:,} {what}{'s' if size != 1 else ''}"
