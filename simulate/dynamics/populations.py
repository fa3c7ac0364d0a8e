"""Who moves: one population a player, or one population that plays a symmetric game against itself.

Definitions.  A *state* holds the shares of every population: a tuple of arrays ``[S, A_i]``, S starting points at
once.  Laid side by side they are one array ``[S, A_1 + ... ]``, called flat.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from simulate.dynamics.base import Dynamic
from simulate.empirical.normal_form import Array, NormalForm, Profile

State = tuple[Array, ...]  # [S, A_i] for each population

# A game counts as symmetric when swapped players earn the same up to this part of its span: payoffs that were computed
# carry some 1e-15 of rounding each, and payoffs that were sampled are to be symmetrised before.
SYMMETRY = 1e-9
# A game whose payoffs differ by less than this part of their size is measured by their size: an expected payoff is off
# by some 1e-15 of it, which must stay below a tie (1e-9) of the measure.
PRECISION = 1e-5


@dataclass(frozen=True)
class Populations:
    """A game and who plays it; with ``symmetric`` the players are drawn from a single population.

    Raises ValueError when a single population is asked for and swapping two players changes the game.
    """

    game: NormalForm
    symmetric: bool = False

    def __post_init__(self) -> None:
        if self.symmetric and not symmetric(self.game):
            raise ValueError("symmetric is True; it is allowed for games that stay the same when two players swap")

    @cached_property
    def scale(self) -> float:
        """What payoffs are measured by: the game's span, or `PRECISION` of their size if that is more."""
        return max(self.game.span, PRECISION * float(np.abs(self.game.payoffs).max()))

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many actions each population has."""
        return self.game.sizes[:1] if self.symmetric else self.game.sizes

    @cached_property
    def tables(self) -> tuple[Array, ...]:
        """Each population's payoffs, own actions first."""
        moved = (np.moveaxis(self.game.payoffs[i], i, 0) for i in range(len(self.sizes)))
        return tuple(np.ascontiguousarray(table) for table in moved)

    @cached_property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """Where each population's shares start and stop in a flat state."""
        stops = np.cumsum(self.sizes).tolist()
        return tuple(zip([0, *stops[:-1]], stops, strict=True))

    def values(self, state: State) -> State:
        """What the actions are worth in each population ``[S, A_i]``."""
        if self.game.n == 1:
            return (np.broadcast_to(self.tables[0], state[0].shape),)
        players = self.players(state)
        return tuple(expected(table, (*players[:i], *players[i + 1 :])) for i, table in enumerate(self.tables))

    def velocity(self, dynamic: Dynamic, state: State) -> State:
        """How the dynamic moves the state ``[S, A_i]``."""
        return tuple(dynamic(x, u, self.scale) for x, u in zip(state, self.values(state), strict=True))

    def players(self, state: State) -> State:
        """The shares as each player plays them."""
        return state * self.game.n if self.symmetric else state

    def profile(self, state: State, start: int) -> Profile:
        """The players' mixtures at one starting point."""
        return tuple(shares[start] for shares in self.players(state))

    def flat(self, state: State) -> Array:
        """All shares side by side ``[S, D]``."""
        return np.concatenate(state, axis=-1)

    def state(self, flat: Array) -> State:
        """The shares of each population out of ``[..., D]``."""
        return tuple(flat[..., start:stop] for start, stop in self.bounds)

    def drawn(self, count: int, rng: np.random.Generator) -> State:
        """Starting points drawn evenly from the simplices."""
        return tuple(rng.dirichlet(np.ones(size), count) for size in self.sizes)

    def unit(self, dynamic: Dynamic) -> float:
        """The size of velocities: the scale where they are measured in payoffs and payoffs are not all 0, else 1."""
        return self.scale if dynamic.in_payoffs and self.scale > np.finfo(float).tiny else 1.0


def expected(table: Array, others: State) -> Array:
    """The mean of ``table [A_i, A_j, ...]`` over the shares ``[S, A_j]`` of the others: ``[S, A_i]``."""
    value = (others[-1] @ table.reshape(-1, table.shape[-1]).T).reshape(-1, *table.shape[:-1])  # the one large product
    for shares in reversed(others[:-1]):
        value = np.einsum("s...a,sa->s...", value, shares)
    return value


def symmetric(game: NormalForm) -> bool:
    """Do payoffs follow the players when two neighbours swap, and with neighbours all?

    >>> symmetric(NormalForm.of([[[-2, -10], [0, -5]], [[-2, 0], [-10, -5]]]))
    True
    """
    if len(set(game.sizes)) > 1:
        return False
    for i in range(game.n - 1):
        order = [*range(i), i + 1, i, *range(i + 2, game.n)]
        if np.abs(game.payoffs[order].swapaxes(i + 1, i + 2) - game.payoffs).max() > SYMMETRY * game.span:
            return False
    return True
