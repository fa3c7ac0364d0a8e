"""Concepts by name, each with the options that it takes, and the answers as one document."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm
from simulate.empirical.symmetric import SymmetricGame
from simulate.equilibria import EQUILIBRIA
from simulate.equilibria.base import Answer, Equilibrium
from simulate.equilibria.prices import prices
from simulate.equilibria.symmetric_nash import SymmetricAnswer
from simulate.errors import BadInput, no_such

SAME = 1e-9  # probabilities of two answers that are one
OBJECTIVES = ("welfare", "-welfare")


def solved(game: NormalForm, concepts: Sequence[str], options: Mapping[str, Any]) -> dict[str, Answer]:
    """Every concept's answer; an option goes to all concepts that have it.

    Raises BadInput for an unknown concept, for an option that none of them has, and for a value that one refuses.
    """
    taken = require_known(concepts, options)
    answers = {}
    for name in concepts:
        try:
            own = {key: value for key, value in options.items() if key in taken[name]}
            answers[name] = _extremes(game, name, own) if "objective" in taken[name] else EQUILIBRIA[name](game, **own)
        except ValueError as error:
            raise BadInput(f"{name}: {error}") from None
    return answers


def _extremes(game: NormalForm, name: str, own: Mapping[str, Any]) -> Answer:
    """The best and then the worst for welfare of a set that is a polytope, unless an objective is said."""
    if "objective" in own:
        return EQUILIBRIA[name](game, **own)
    best, worst = (EQUILIBRIA[name](game, objective=sign * game.welfare, **own) for sign in (1.0, -1.0))
    both = best.equilibria + tuple(
        found for found in worst.equilibria if all(abs(found.joint - b.joint).max() > SAME for b in best.equilibria)
    )
    return Answer(both, best.complete and worst.complete, best.stopped or worst.stopped)


def require_known(concepts: Sequence[str], options: Iterable[str]) -> dict[str, set[str]]:
    """The options that each concept has.  Raises BadInput for a concept or an option that is not known.

    A seed is nobody's in particular: it is the root of all random streams, and not every concept draws.
    """
    if not concepts:
        raise no_such("concept", "", EQUILIBRIA)
    for name in concepts:
        if name not in EQUILIBRIA:
            raise no_such("concept", name, EQUILIBRIA)
    taken = {name: set(inspect.signature(EQUILIBRIA[name]).parameters) for name in concepts}
    for option in options:
        if option != "seed" and not any(option in own for own in taken.values()):
            does = "does" if len(concepts) == 1 else "do"
            raise BadInput(f"--{option}: {' and '.join(concepts)} {does} not have this option")
    return taken


def objective(game: NormalForm, said: str) -> Array:
    """What a correlating device maximises, as an array over profiles.  Raises BadInput."""
    if said not in OBJECTIVES:
        raise no_such("objective", said, OBJECTIVES)
    return -game.welfare if said.startswith("-") else game.welfare


def document(game: NormalForm, answers: Mapping[str, Answer]) -> dict[str, Any]:
    """What `trueward equilibrium --json` prints; the prices are taken over all the equilibria listed.

    ``regret`` is the largest of ``regrets``; ``residual`` says how far the concept's own equations are missed.
    """
    everything = [equilibrium for answer in answers.values() for equilibrium in answer.equilibria]
    anarchy, stability = prices(game, everything)
    return {
        "players": list(game.players),
        "actions": [list(own) for own in game.actions],
        "payoffs_shape": list(game.payoffs.shape),
        "equilibria": [_row(name, found) for name, answer in answers.items() for found in answer.equilibria],
        "price_of_anarchy": anarchy,
        "price_of_stability": stability,
        "optimum": game.optimum,
        "concepts": {
            name: {"found": len(answer.equilibria), "complete": answer.complete, "stopped": answer.stopped}
            for name, answer in answers.items()
        },
    }


def _row(concept: str, found: Equilibrium) -> dict[str, Any]:
    profile = found.joint.tolist() if found.profile is None else [mixture.tolist() for mixture in found.profile]
    return {
        "concept": concept,
        "profile": profile,
        "utilities": found.utilities.tolist(),
        "welfare_loss": found.welfare_loss,
        "regret": float(np.max(found.regrets)),
        "regrets": found.regrets.tolist(),
        "residual": found.residual,
    }


def types_document(game: SymmetricGame, answers: Mapping[str, SymmetricAnswer]) -> dict[str, Any]:
    """The same keys for a game of types: a profile is one mixture a type, utilities are those of one agent of it.

    ``payoffs_shape`` is [types, count vectors of all agents].  The prices are those of the finite game.
    """
    losses = [found.welfare_loss for found in answers["symmetric_nash"].equilibria]
    prices = [
        game.optimum / (game.optimum - loss) if game.optimum > 0 and loss < game.optimum else None for loss in losses
    ]
    known = [price for price in prices if price is not None]
    return {
        "players": list(game.types),
        "counts": list(game.sizes),
        "actions": [list(own) for own in game.actions],
        "payoffs_shape": [len(game.types), game.table_size(game.sizes)],
        "equilibria": [
            {
                "concept": name,
                "profile": [mixture.tolist() for mixture in found.profile],
                "utilities": found.utilities.tolist(),
                "welfare_loss": found.welfare_loss,
                "regret": float(found.regrets.max()),
                "regrets": found.regrets.tolist(),
            }
            for name, answer in answers.items()
            for found in answer.equilibria
        ],
        "price_of_anarchy": max(known) if known and None not in prices else None,
        "price_of_stability": min(known) if known else None,
        "optimum": game.optimum,
        "concepts": {
            name: {"found": len(answer.equilibria), "complete": False, "stopped": answer.stopped}
            for name, answer in answers.items()
        },
    }
