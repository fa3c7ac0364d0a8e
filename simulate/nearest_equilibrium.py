"""How far a round's reports are from the nearest equilibrium that was computed."""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor

from mechanisms.axioms.shared_lies import factorises
from mechanisms.valuation import Valuation
from simulate.empirical.menus import menus
from simulate.empirical.report_game import PLAYERS, report_game
from simulate.scenario import Scenario

MOST_PRODUCT = 50_000_000  # profiles x responses where payoffs are matrix products: a fraction of a second
MOST_PLAYED = 2_000_000  # profiles x agents x responses where every profile is played: likewise


def equilibria_of(scenario: Scenario) -> Tensor | None:
    """weight x reward ``[E, n, P, K]`` at every pure Nash equilibrium of the game of the agents' own menus.

    The menus are those that the agents' strategies choose from, `overstate` if none does.  None where that is not one
    game of modest size: for fewer than 2 or more than 6 agents, truths that differ between replicates or wander,
    mechanisms or references that change from round to round, large tables; and where there is no such equilibrium.
    """
    truth, config = scenario.truth, scenario.config
    alike = bool((truth.rewards == truth.rewards[:1]).all() and (truth.weights == truth.weights[:1]).all())
    moving = scenario.mechanism.repeated is not None or config.drift or any(a.wander > 0 for a in config.agents)
    n = truth.weights.shape[-1]
    if not alike or moving or not PLAYERS[0] <= n <= PLAYERS[1]:
        return None
    names = sorted({menu for strategy in scenario.strategies if (menu := getattr(strategy, "menu", None))})
    one = Valuation(truth.rewards[:1], truth.weights[:1])
    own = menus(one, scenario.messages, names or ["overstate"])
    profiles = prod(len(menu.labels) for menu in own)
    if not _affordable(scenario, profiles, one.rewards):
        return None
    from simulate.equilibria.pure_nash import pure_nash  # numpy's half of the package, for games that need it

    found = pure_nash(report_game(scenario, names or ["overstate"]).game()).equilibria
    actions = [[int(x.argmax()) for x in equilibrium.profile or ()] for equilibrium in found]
    said = [
        torch.stack([m.reports.weights[a, 0] * m.reports.rewards[a, 0] for m, a in zip(own, cell, strict=True)])
        for cell in actions
    ]
    return torch.stack(said) if said else None


def _affordable(scenario: Scenario, profiles: int, rewards: Tensor) -> bool:
    if factorises(scenario.mechanism):
        return profiles * rewards[0, 0].numel() <= MOST_PRODUCT
    return profiles * rewards.numel() <= MOST_PLAYED


def equilibrium_distance(equilibria: Tensor, truth: Valuation, reports: Valuation) -> Tensor:
    """The least over equilibria of sum |w' r' - w* r*| / sum |w r|, mean over agents: ``[B]``, 0 at an equilibrium."""
    said = reports.weights[..., None, None] * reports.rewards
    scale = (truth.weights[..., None, None] * truth.rewards).abs().flatten(-2).sum(-1)
    away = (said[:, None] - equilibria).abs().flatten(-2).sum(-1)  # [B, E, n]
    return (away / torch.where(scale > 0, scale, 1.0)[:, None]).mean(-1).amin(-1)
