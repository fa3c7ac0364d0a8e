"""The audit: every axiom on the scenario's own games and on random ones of the same shape."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from mechanisms.axioms import AXIOMS
from mechanisms.axioms.base import Effort, Finding, Games, of_present
from mechanisms.base import TrainingRule
from mechanisms.fine_tuners.trained import Trained
from mechanisms.payments.base import tuner
from mechanisms.valuation import Valuation
from simulate.audit.excerpt import excerpt
from simulate.audit.misreports import misreports, types
from simulate.audit.witness import game_file
from simulate.scenario import Scenario

LARGE = 2**10  # numbers in one profile of reports; of larger games, as those on a pool, in proportion fewer are tried
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

    Of games with many responses an excerpt is tried.  Rules that iterate for every policy, and large games, are tried
    less, unless ``games`` and ``lies`` say otherwise.
    """
    scenario = excerpt(scenario)
    tried = trial(scenario, games, lies, seed)
    verdicts = []
    for name in AXIOMS if axioms is None else axioms:
        verdicts.append(_verdict(scenario, tried, name))
        advance(1)
    return verdicts


def trial(scenario: Scenario, games: int | None, lies: int | None, seed: int) -> Games:
    """The games, the misreports that every search begins with, and how hard it searches."""
    rng = torch.Generator().manual_seed(seed)
    iterative = _iterative(scenario.mechanism.train)
    share = min(1.0, LARGE / scenario.truth.rewards[0].numel())
    light = iterative or share < 1
    own = _different(scenario.truth, math.ceil(8 * share))
    drawn = types(own, scenario.messages, math.ceil((6 if iterative else 24) * share) if games is None else games, rng)
    truth = Valuation(torch.cat([own.rewards, drawn.rewards]), torch.cat([own.weights, drawn.weights]))
    messages = of_present(scenario.messages)
    told = misreports(truth, messages, (60 if light else 160) if lies is None else lies, rng)
    effort = Effort().lighter() if light else Effort()
    return Games(scenario.reference, truth, messages, told, seed, effort)


def _iterative(train: TrainingRule) -> bool:
    """Is every policy the end of many steps, of a solver or of training a language model?"""
    return getattr(train, "iterative", False) or isinstance(tuner(train), Trained)


def _different(truth: Valuation, count: int) -> Valuation:
    """``count`` of the scenario's truths at most; one where all replicates share it."""
    if bool((truth.rewards == truth.rewards[:1]).all()) and bool((truth.weights == truth.weights[:1]).all()):
        count = 1
    return Valuation(truth.rewards[:count], truth.weights[:count])


def _verdict(scenario: Scenario, tried: Games, name: str) -> Verdict:
    finding = AXIOMS[name](scenario.mechanism, tried)
    scale = max(1.0, float((tried.truth.weights[..., None, None] * tried.truth.rewards).abs().max()))
    worst = float(finding.violation.max())
    holds = worst <= TOLERANCE * scale
    witness = None if holds else _shown(scenario, finding)
    searched = {**finding.searched, "responses": tried.reference.policy.numel()}
    return Verdict(name, name in scenario.mechanism.claims, worst, holds, witness, searched)


def _shown(scenario: Scenario, finding: Finding) -> dict[str, Any]:
    """The witness of the worst violation, as a game that can be solved."""
    place = int(finding.violation.argmax())
    game, column = divmod(place, finding.violation.shape[-1])
    return game_file(scenario, finding.witness(game, column), float(finding.violation.max()))
