"""Where a policy has left the language model behind and rests on a handful of its samples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

ENOUGH = 50  # effective samples per prompt; below, the largest of the pool decide what is seen


def thin_sentences(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for every mechanism whose settled play rests on too few samples of its pool.

    >>> thin_sentences([{"name": "a", "metrics": {"effective_sample_size": {"iqm": 3.2}}}])
    ["under a the policy rests on 3.2 effective samples of a prompt's responses (50 are wanted): lies tilt it so far \
that what is seen there is the pool's extremes, not the language model's law"]
    """
    return [
        f"under {row['name']} the policy rests on {size:.2g} effective samples of a prompt's responses ({ENOUGH} are "
        "wanted): lies tilt it so far that what is seen there is the pool's extremes, not the language model's law"
        for row in rows
        if (size := row["metrics"]["effective_sample_size"]["iqm"]) is not None and size < ENOUGH
    ]
