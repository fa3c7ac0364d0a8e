"""At least one Nash equilibrium of any finite game."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from simulate.empirical.normal_form import NormalForm, Profile, uniform
from simulate.equilibria.all_nash import distinct
from simulate.equilibria.base import Answer, mixed
from simulate.equilibria.pure_nash import pure_profiles
from simulate.equilibria.solvers.clock import Clock
from simulate.equilibria.solvers.lemke_howson import follower, lemke_howson
from simulate.equilibria.solvers.logit_tracing import logit_tracing
from simulate.equilibria.solvers.polish import polished
from simulate.equilibria.solvers.scaled import scaled


def nash(game: NormalForm, seconds: float = 10.0, seed: int = 0) -> Answer:
    """Profiles x with u_i(x) = max_a u_i(a, x_{-i}) for every player i (Nash 1951); one exists in every finite game.

    All the pure ones; of two players also the ends of the Lemke-Howson paths; where these give none, one that logit
    play leads to from the uniform prior, or from priors drawn with ``seed``.  Each is polished by Newton's method and
    refused if a regret is above 1e-10 of its player's range of payoffs.  Sorted, first actions first; never claimed to
    be all.  If time runs out ``stopped`` says so, and there may be none.

    Raises ValueError for ``seconds`` that are not positive.
    """
    clock, easy = Clock.of(seconds), scaled(game)
    found, stopped = pure_profiles(game)
    if game.n == 2:
        clock = clock.without(follower)
        found += filter(None, (polished(easy, end) for end in lemke_howson(easy, clock)))
    if not found:
        found += next(traced(easy, seed, clock), [])
    if clock.out and (game.n == 2 or not found):
        stopped = clock.sentence
    return Answer(tuple(mixed(game, profile) for profile in distinct(found)), stopped=stopped)


def traced(game: NormalForm, seed: int, clock: Clock) -> Iterator[list[Profile]]:
    """What logit play leads to, prior after prior, until time is out."""
    rng, prior = np.random.default_rng(seed), uniform(game)
    while not clock.out:
        end = logit_tracing(game, prior, clock)
        if end is not None:
            yield [end]
        prior = tuple(rng.dirichlet(np.ones(size)) + 1e-3 for size in game.sizes)
