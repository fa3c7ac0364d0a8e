"""How large a game from a file may be."""

from __future__ import annotations

import math
from collections.abc import Sequence

from simulate.errors import BadInput

MOST_NUMBERS = 2_000_000  # payoffs of one game: 16 MB, and seconds to read
MOST_PLAYERS = 30  # arrays have at most 32 axes in the oldest numpy allowed, and one is of players
LARGEST = 1e100  # size of a payoff: products of two, and sums over all profiles, stay finite


def require_small(sizes: Sequence[int]) -> None:
    """Raises BadInput for more players, or more payoffs, than are allowed."""
    if len(sizes) > MOST_PLAYERS:
        raise BadInput(f"{len(sizes)} players; at most {MOST_PLAYERS} are allowed")
    if math.prod(sizes) * len(sizes) > MOST_NUMBERS:
        raise BadInput(f"{math.prod(sizes) * len(sizes)} payoffs; at most {MOST_NUMBERS} are allowed")
