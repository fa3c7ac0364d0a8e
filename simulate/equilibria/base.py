"""What every solver answers: equilibria, each with its own check, and whether these are all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from simulate.empirical.normal_form import Array, NormalForm, Profile, expectation, product, utilities
from simulate.empirical.regret import regrets


@dataclass(frozen=True)
class Equilibrium:
    """One answer: independent play (``profile``), or play of a common device (``joint``)."""

    profile: Profile | None  # one distribution a player
    joint: Array  # [A_1, ..., A_n]; the product of the profile where there is one
    utilities: Array  # [n]
    regrets: Array  # [n], recomputed from the payoffs: what the concept's own deviations would still gain
    welfare_loss: float  # the game's optimum minus the expected welfare
    residual: float  # how far the concept's defining equations are missed; the largest regret for Nash


@dataclass(frozen=True)
class Answer:
    """All that a solver found."""

    equilibria: tuple[Equilibrium, ...]
    complete: bool = False  # is this everything there is, up to ties that the docstring of the solver names?
    stopped: str | None = None  # one sentence, if a cap ended the search before it was through


# game, and keyword options of the concept's own -> answer
Concept = Callable[..., Answer]


def mixed(game: NormalForm, profile: Profile, residual: float | None = None) -> Equilibrium:
    """An answer in independent play, with its regrets."""
    regret = regrets(game, profile)
    return Equilibrium(
        profile,
        product(profile),
        utilities(game, profile),
        regret,
        game.optimum - expectation(game.welfare, profile),
        float(regret.max()) if residual is None else residual,
    )


def correlated_by(game: NormalForm, joint: Array, regret: Array, residual: float) -> Equilibrium:
    """An answer in correlated play, with the regrets that its concept asks about."""
    values = (game.payoffs * joint).reshape(game.n, -1).sum(1)
    return Equilibrium(None, joint, values, regret, game.optimum - float((game.welfare * joint).sum()), residual)


def independent(found: Equilibrium) -> Profile:
    """The profile of an answer in independent play.  Raises ValueError for play of a common device."""
    if found.profile is None:
        raise ValueError("correlated play has no profile; a concept of independent play is needed")
    return found.profile
