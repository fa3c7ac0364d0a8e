"""Concepts by name, each with the options that it takes, and the answers as one document."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from simulate.empirical.normal_form import Array, NormalForm
from simulate.equilibria import EQUILIBRIA
from simulate.equilibria.base import Answer, Equilibrium
from simulate.equilibria.prices import prices
from simulate.errors import BadInput, no_such

OBJECTIVES = ("welfare", "-welfare")


def solved(game: NormalForm, concepts: Sequence[str], options: Mapping[str, Any]) -> dict[str, Answer]:
    """Every concept's answer; an option goes to all concepts that have it.

    Raises BadInput for an unknown concept, for an option that none of them has, and for a value that one refuses.
    """
    for name in concepts:
        if name not in EQUILIBRIA:
            raise no_such("concept", name, EQUILIBRIA)
    taken = {name: set(inspect.signature(EQUILIBRIA[name]).parameters) for name in concepts}
    for option in options:
        if not any(option in own for own in taken.values()):
            raise BadInput(f"--{option}: {' and '.join(concepts)} {_does(concepts)} not have this option")
    answers = {}
    for name in concepts:
        try:
            own = {key: value for key, value in options.items() if key in taken[name]}
            answers[name] = EQUILIBRIA[name](game, **own)
        except ValueError as error:
            raise BadInput(f"{name}: {error}") from None
    return answers


def _does(concepts: Sequence[str]) -> str:
    return "does" if len(concepts) == 1 else "do"


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
