"""The audit: every axiom on the scenario's own games and on random ones of the same shape."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mechanisms.axioms import AXIOMS
from mechanisms.axioms.base import Effort, Finding, Games
from mechanisms.valuation import Valuation
from simulate.audit.misreports import misreports, types
from simulate.audit.witness import game_file
from simulate.scenario import Scenario

# Utilities of exact games are good to some 1e-12; concave welfares to a duality gap of 1e-9, quadratures to less.
TOLERANCE = 1e-8  # a violation below this, in units of the largest valuation (or 1), is rounding


@dataclass(frozen=True)
class Verdict:
    """What was found of one axiom."""

    axiom: str
    claimed: bool
    violation: float  # the largest found, in units of utility; at most 0 where the axiom holds
    holds: bool  # no violation above rounding was found
    witness: dict[str, Any] | None
    searched: dict[str, int]


def audit(
    scenario: Scenario,
    axioms: Sequence[str] | None = None,
    games: int | None = None,
    lies: int | None = None,
    seed: int = 0,
    advance: Callable[[int], None] = lambda steps: None,
) -> list[Verdict]:
    """One verdict an axiom: on up to eight of the scenario's own games and ``games`` random ones.

    Rules that iterate for every policy are tried less, unless ``games`` and ``lies`` say otherwise.
    """
    slow = getattr(scenario.mechanism.train, "iterative", False)
    tried = trial(
        scenario,
        (6 if slow else 24) if games is None else games,
        (60 if slow else 160) if lies is None else lies,
        seed,
        Effort().lighter() if slow else Effort(),
    )
    verdicts = []
    for name in AXIOMS if axioms is None else axioms:
        verdicts.append(_verdict(scenario, tried, name))
        advance(1)
    return verdicts


def trial(scenario: Scenario, games: int, lies: int, seed: int, effort: Effort) -> Games:
    """The games, and the misreports that every search begins with."""
    rng = torch.Generator().manual_seed(seed)
    own = _different(scenario.truth)
    drawn = types(own, scenario.messages, games, rng)
    truth = Valuation(torch.cat([own.rewards, drawn.rewards]), torch.cat([own.weights, drawn.weights]))
    return Games(
        scenario.reference, truth, scenario.messages, misreports(truth, scenario.messages, lies, rng), seed, effort
    )


def _different(truth: Valuation) -> Valuation:
    """Up to eight of the scenario's truths; one where all replicates share it."""
    alike = bool((truth.rewards == truth.rewards[:1]).all()) and bool((truth.weights == truth.weights[:1]).all())
    count = 1 if alike else 8
    return Valuation(truth.rewards[:count], truth.weights[:count])


def _verdict(scenario: Scenario, tried: Games, name: str) -> Verdict:
    finding = AXIOMS[name](scenario.mechanism, tried)
    scale = max(1.0, float((tried.truth.weights[..., None, None] * tried.truth.rewards).abs().max()))
    worst = float(finding.violation.max())
    holds = worst <= TOLERANCE * scale
    witness = None if holds else _shown(scenario, finding)
    return Verdict(name, name in scenario.mechanism.claims, worst, holds, witness, finding.searched)


def _shown(scenario: Scenario, finding: Finding) -> dict[str, Any]:
    """The witness of the worst violation, as a game that can be solved."""
    place = int(finding.violation.argmax())
    game, column = divmod(place, finding.violation.shape[-1])
    return game_file(scenario, finding.witness(game, column), float(finding.violation.max()))
