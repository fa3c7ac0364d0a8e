"""The search for a learned payment: learn against the lies known so far, look for a better lie, learn again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.payments.zero import zero
from mechanisms.valuation import Valuation
from simulate.design.ascent import ascend
from simulate.design.games import Games
from simulate.design.lies import random_lies, tempting_lie
from simulate.design.objectives import Objective
from simulate.design.share import Standardised, honest_cases, lying_cases, regret

LIES = 64  # random ones for each agent and game to start with
PHASES = 5  # of learning; before each but the first, one better lie is added for every agent and game
SEARCH = (32, 2)  # lies and rounds of the search for it


def learned_payment(
    games: Games, objective: Objective, steps: int, rate: float, rng: torch.Generator, advance: Callable[[int], None]
) -> dict[str, Any]:
    """The payment as a scenario file says it: least ex-post regret, and the objective as far as that allows.

    Maximises the objective subject to E[regret_i] <= 0 for every agent by an augmented Lagrangian (arXiv 1706.03459,
    section 4).  Where no payment is incentive compatible the bound is out of reach: the iterate of the least total
    regret is kept.
    """
    on = games.learning
    train, reference, truth = on.mechanism.train, on.reference, on.truth
    honest = honest_cases(train, reference, truth)
    lying = lying_cases(train, reference, truth, random_lies(truth, on.messages, LIES, rng))
    unit = honest.worth.sum(0).mean().abs().clamp(min=torch.finfo(honest.worth.dtype).tiny)
    unpaid = games.books(Mechanism(train, zero), on)
    net = Standardised.of(honest, rng)

    def evaluate() -> tuple[Tensor, Tensor]:
        hidden = net.folded()
        paid = honest.paid(hidden, net.output).sum(0)
        books = replace(unpaid, revenue=paid, profit=unpaid.profit + paid)
        return objective(books) / unit, regret(honest, lying, hidden, net.output) / unit

    for phase in range(PHASES):
        if phase:
            _, lie = tempting_lie(Mechanism(train, net.payment()), reference, truth, on.messages,
                                  *SEARCH, rng)  # fmt: skip
            better = Valuation(lie.rewards[None], lie.weights[None])
            lying = lying.beside(lying_cases(train, reference, truth, better))
        share_of_steps = steps * (phase + 1) // PHASES - steps * phase // PHASES
        net = net.at(*ascend((net.hidden, net.output), evaluate, evaluate, share_of_steps, rate, advance))
    return {"name": "learned", **{key: value.tolist() for key, value in net.options().items()}}
