"""A mechanism learned for a scenario, and what it brings in on games it has not seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.catalogue import MECHANISMS
from mechanisms.named import name_of, unknown
from mechanisms.valuation import Valuation
from simulate.config import Config
from simulate.design import OBJECTIVES
from simulate.design.affine import AffineMaximizer
from simulate.design.ascent import Evaluate, ascend
from simulate.design.games import Games, five_keys, vary, with_mechanism
from simulate.design.ledger import Ledger
from simulate.design.lies import ex_post_regret
from simulate.design.objectives import Objective
from simulate.design.payment import learned_payment
from simulate.errors import BadInput
from simulate.scenario import Scenario, build_mechanism

PAYMENTS = ("affine_maximizer", "learned")
AUDITED, LIES, CLIMBS = 64, 256, 3  # held-out games in which lies are searched for, lies an agent, rounds of climbing
BUDGET, FEWEST = 100_000_000, 8  # rewards of all lies, about ten seconds; fewer games, then fewer lies on large ones
ROUNDING = 1e-9  # of the largest valuation: an incentive compatible mechanism's regret is below this
LEARNING_STREAM, AUDIT_STREAM = 1, 2  # beside the scenario's own, which are NumPy's

Advance = Callable[[int], None]


@dataclass(frozen=True)
class Design:
    """The scenario with the mechanism learned, and the mechanism that it started from; both on held-out games."""

    config: Config
    start: str  # the name of what it started from
    before: Ledger
    after: Ledger
    regret_before: Tensor  # [games, n]
    regret_after: Tensor
    games_differ: bool


def design(
    games: Games,
    objective: str = "profit",
    payment: str = "affine_maximizer",
    floor: float = 0.95,
    steps: int = 300,
    rate: float = 0.05,
    advance: Advance = lambda steps: None,
) -> Design:
    """Raises BadInput for a name or number that is not allowed, ArithmeticError where an incentive fails its audit."""
    if objective not in OBJECTIVES:
        raise BadInput(f"--objective: {unknown('objective', objective, OBJECTIVES)}")
    if payment not in PAYMENTS:
        raise BadInput(f"--payment: {unknown('payment', payment, PAYMENTS)}")
    config, on = games.learning.config, games.held_out
    if payment == "learned":
        rng = _rng(config, LEARNING_STREAM)
        start = with_mechanism(config, payment="zero")
        name = f"{name_of(five_keys(config).training)}, nothing paid"
        end = with_mechanism(config, payment=learned_payment(games, OBJECTIVES[objective], steps, rate, rng, advance))
    else:
        name, start = "vcg", vcg(config)
        end = affine_design(games, OBJECTIVES[objective], floor, steps, rate, advance)
    old, new = built(start, games), built(end, games)
    made = Design(
        end, name, games.books(old, on), games.books(new, on), audited(old, games), audited(new, games), vary(config)
    )
    if payment != "learned":
        _require_incentives(made.regret_after, games)
    return made


def affine_design(
    games: Games, objective: Objective, floor: float, steps: int, rate: float, advance: Advance = lambda steps: None
) -> Config:
    """The affine maximizer with the largest objective whose welfare is at least ``floor`` times VCG's."""
    if not 0 < floor <= 1:
        raise BadInput(f"--welfare-floor is {floor:g}; allowed is above 0, at most 1")
    config = games.learning.config
    ours = built(vcg(config), games)
    member = AffineMaximizer.vcg(games.yardstick, games.learning.reference, len(games.learning.names))

    def evaluation(on: Scenario) -> Evaluate:
        most = games.books(ours, on).welfare.mean()
        if not most > 0:
            raise BadInput(f"--welfare-floor is a share of vcg's welfare, which is {most:.3g} here; it must be above 0")

        def evaluate() -> tuple[Tensor, Tensor]:
            books = games.books(member, on)
            return objective(books) / most, (floor - books.welfare.mean() / most)[None]

        return evaluate

    evaluate, judge = evaluation(games.learning), torch.no_grad()(evaluation(games.choosing))
    best = ascend((member.log_influence, member.boosts), evaluate, judge, steps, rate, advance)
    recipe = AffineMaximizer(games.yardstick, *best).recipe(games.learning.reference)
    return with_mechanism(config, **recipe, payment="affine_maximizer")


def vcg(config: Config, factor: float = 1.0) -> Config:
    """The scenario under VCG with its own divergence and ``factor`` times its own beta."""
    keys = five_keys(config)
    catalogued = MECHANISMS["vcg"]
    return with_mechanism(config, training=catalogued.training, payment=catalogued.payment, beta=factor * keys.beta)


def built(config: Config, games: Games) -> Mechanism:
    """What the scenario file says, in the games' own precision."""
    like = games.learning.reference.policy
    return build_mechanism(config.mechanism, like.dtype, str(like.device))


def audited(mechanism: Mechanism, games: Games) -> Tensor:
    """Ex-post regret in the first held-out games, the same lies to start with for every mechanism: ``[games, n]``."""
    on = games.held_out
    few, lies = audit_size(games)
    truth = Valuation(on.truth.rewards[:few], on.truth.weights[:few])
    rng = _rng(on.config, AUDIT_STREAM)
    return ex_post_regret(mechanism, on.reference, truth, on.messages, lies, CLIMBS, rng)


def audit_size(games: Games) -> tuple[int, int]:
    """Games and lies of an audit."""
    truth = games.held_out.truth
    most = BUDGET // truth.rewards[0].numel()
    few = min(AUDITED, len(truth.weights), max(1, most // LIES))
    return few, min(LIES, max(FEWEST, most))


def _require_incentives(regret: Tensor, games: Games) -> None:
    truth = games.held_out.truth
    scale = max(1.0, (truth.weights[..., None, None] * truth.rewards).abs().max().item())
    if regret.max() > ROUNDING * scale:
        raise ArithmeticError(f"the design's ex-post regret is {regret.max():.2g}, above {ROUNDING * scale:.2g}")


def _rng(config: Config, stream: int) -> torch.Generator:
    return torch.Generator().manual_seed((config.seed * 2**8 + stream) % 2**63)
