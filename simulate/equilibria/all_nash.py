"""Every Nash equilibrium of a small game."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.equilibria.base import Answer, mixed
from simulate.equilibria.pure_nash import pure_profiles
from simulate.equilibria.solvers.clock import Clock
from simulate.equilibria.solvers.extreme import TooMany, extreme
from simulate.equilibria.solvers.polish import polished
from simulate.equilibria.solvers.scaled import scaled
from simulate.equilibria.solvers.supports import strict, supports

SAME = 1e-7  # two profiles whose probabilities all differ by less are one


def all_nash(game: NormalForm, seconds: float = 10.0, seed: int = 0) -> Answer:
    """All profiles x with u_i(x) = max_a u_i(a, x_{-i}) for every player i, as far as they are finitely many.

    Two players: every extreme equilibrium (corner of a convex set of equilibria), from the vertices of the best-reply
    polytopes (Winkels 1979); ``complete`` unless two of them share a player's mixture, for then all points between
    them are equilibria too.  More players: all roots of the indifference equations of every support, by continuation
    from a game whose roots are known; ``complete`` if no path was lost, every unused action is strictly worse and the
    number is odd (Wilson 1971), with probability one over ``seed``.  Sorted, first actions first.

    Raises ValueError for ``seconds`` that are not positive.
    """
    clock, easy = Clock.of(seconds), scaled(game)
    found, stopped = pure_profiles(game)
    if game.n == 2:
        try:
            found += filter(None, (polished(easy, corner) for corner in extreme(easy, clock)))
        except TooMany as error:
            stopped = str(error)
        profiles = distinct(found)
        finite = not shared(profiles)
    else:
        search = supports(easy, seed, clock)
        profiles = distinct(found + search.profiles)
        finite = search.lost == 0 and all(strict(easy, x) for x in profiles) and len(profiles) % 2 == 1
    if clock.out:
        stopped = clock.sentence
    answers = tuple(mixed(game, profile) for profile in profiles)
    return Answer(answers, complete=finite and stopped is None, stopped=stopped)


def distinct(profiles: Sequence[Profile]) -> list[Profile]:
    """Each once, sorted so that the first players' first actions are likeliest first."""
    if not profiles:
        return []
    rows = np.stack([np.concatenate(profile) for profile in profiles])
    return [profiles[k] for k in sorted(_first_of_each(rows), key=lambda k: (-rows[k].round(9)).tolist())]


def shared(profiles: Sequence[Profile]) -> bool:
    """Do two different profiles have one player's mixture in common?"""
    return any(len(_first_of_each(np.stack(own))) < len(profiles) for own in zip(*profiles, strict=True))


def _first_of_each(rows: Array) -> list[int]:
    fresh: list[int] = []
    for k, row in enumerate(rows):
        if not (abs(rows[fresh] - row).max(1, initial=0) < SAME).any():
            fresh.append(k)
    return fresh
