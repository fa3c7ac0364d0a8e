"""Where the affine maximizer breaks: groups who agree on what to say, and one group under several names.

Truth is dominant for one report, not for two of the same will: a lie of one lowers the bill of the other (Green and
Laffont 1979), and an agent of true weight 0 may be a name of its neighbour's (Yokoo, Sakurai and Matsubara 2004).
Both are one question: what do members gain together, some of whom may weigh nothing?

Splitting alone, with nothing else said than the truth t = w r in k equal parts, leaves the policy p as it is and makes
the bill k (V(T - t/k) - V(T)) + E_p[t] = Var_p(t) / (2 beta k) + O(1/k^2) under KL: many names pay nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.axioms.base import Effort
from mechanisms.axioms.search import worst_report
from mechanisms.base import Mechanism
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.valuation import Valuation
from simulate.beyond.base import Experiment, Found, Point, curve, ratio
from simulate.beyond.games import AGENTS, MAX_WEIGHT, SETTING, Games, drawn, largest, welfare_mechanism
from strategies.coalition import structured
from strategies.false_name import splits
from strategies.joint import pooled, repeated

BETAS = (0.1, 0.3, 1.0, 3.0)
SIZES = (1, 2, 3, 4)
NAMES = (1, 2, 4, 8)
SPLITS = (1, 2, 4, 8, 16, 32, 64)
MIDDLE = BETAS[1]
SEARCH = Effort(fresh=32, climbers=4, steps=12, jumps=4)
FREE = f"their favourite for nothing, beta {MIDDLE:g}"
COALITION, ALIASES, BY_BETA, BILL, DERIVED = (
    "gain of a coalition",
    "gain from false names",
    "gain against beta",
    "bill of an honest group that splits",
    "Var / (2 beta k)",
)


def measure(seed: int, games: int) -> list[Point]:
    """Coalitions of 1 to all, 1 to 8 names, and honest splitting."""
    played = drawn(seed, games)
    points: list[Point] = []
    for beta in BETAS:
        mechanism = welfare_mechanism(Exact(DIVERGENCES["kl"](), beta), affine_maximizer)
        ganged = [gained(mechanism, Members.of(played, size)) for size in SIZES]
        points += curve(COALITION, _named(beta), SIZES, ganged, "measured")
        aliased = [gained(mechanism, Members.of(with_aliases(played, names - 1), names)) for names in NAMES]
        points += curve(ALIASES, _named(beta), NAMES, aliased, "measured")
        for series, gains in (("two members", ganged), ("two names", aliased)):
            points += curve(BY_BETA, series, [beta], [gains[1]], "measured")
        if beta == MIDDLE:
            free = [cap(mechanism, Members.of(played, size)) for size in SIZES]
            points += curve(COALITION, FREE, SIZES, free, "derived")
            points += curve(ALIASES, FREE, NAMES[1:], [free[0]] * len(NAMES[1:]), "derived")
        points += _split(mechanism, played, beta)
    return points


@dataclass(frozen=True)
class Members:
    """The first m agents of every game, who settle among themselves."""

    games: Games
    true: Valuation  # [B, m, P, K], [B, m]

    @classmethod
    def of(cls, games: Games, size: int) -> Members:
        """Raises nothing: ``size`` is at most the number of agents."""
        return cls(games, games.truth.of(slice(size)))

    def profile(self, told: Valuation) -> Valuation:
        """Everybody's reports if the members say ``told [M, B, m, P, K]`` and the others the truth."""
        rest = self.games.truth.of(slice(self.true.weights.shape[-1], None))
        others = repeated(rest, len(told.weights))
        return Valuation(torch.cat([told.rewards, others.rewards], -3), torch.cat([told.weights, others.weights], -1))

    def utility(self, mechanism: Mechanism, told: Valuation) -> Tensor:
        """The sum of the members' true utilities: ``[M, B]``."""
        outcome = mechanism(self.games.reference, self.profile(told))
        worth = self.true.weights * self.true.expected_rewards(self.games.reference, outcome.policy)
        return (worth - outcome.payments[..., : self.true.weights.shape[-1]]).sum(-1)

    def starts(self) -> Valuation:
        """Joint lies in hand: the truth, overstated, polarised, in one voice, and the members' wishes split."""
        messages = self.games.messages
        lies = [repeated(self.true, 1), structured(self.true, messages), splits(self.true, messages)]
        loud = pooled(self.true).rewards.expand_as(self.true.rewards)
        most = torch.full_like(self.true.weights, messages.max_weight)
        lies.append(repeated(messages.project(Valuation(loud, most)), 1))
        return Valuation(torch.cat([each.rewards for each in lies]), torch.cat([each.weights for each in lies]))


def gained(mechanism: Mechanism, members: Members) -> Tensor:
    """The most that the members gain together by the best joint lie found, a share of their honest utility: ``[B]``."""
    with torch.no_grad():
        honest = members.utility(mechanism, repeated(members.true, 1))[0]
        policy = mechanism.train(members.games.reference, members.games.truth)

    def gain(told: Valuation) -> Tensor:
        return members.utility(mechanism, told) - honest

    rng, messages = members.games.rng(), members.games.messages
    _, found, _ = worst_report(gain, members.starts(), messages, SEARCH, rng, policy[:, None])
    return ratio(largest(found[None]), honest)


def cap(mechanism: Mechanism, members: Members) -> Tensor:
    """What the members' favourite response for nothing would add, as in `gained`: no payment is below 0, ``[B]``."""
    honest = members.utility(mechanism, repeated(members.true, 1))[0]
    return ratio(members.games.reference.mean(members.true.total.amax(-1)) - honest, honest)


def with_aliases(games: Games, count: int) -> Games:
    """``count`` more agents in front, of true weight 0 and with the first one's rewards, behind the first."""
    first, rest = games.truth.of(slice(1)), games.truth.of(slice(1, None))
    shadow = Valuation(first.rewards.expand(-1, count, -1, -1), 0 * first.weights.expand(-1, count))
    parts = (first, shadow, rest)
    truth = Valuation(torch.cat([part.rewards for part in parts], 1), torch.cat([part.weights for part in parts], 1))
    return Games(games.reference, truth, games.messages, games.seed)


def split_bill(mechanism: Mechanism, games: Games, names: int) -> Tensor:
    """What the first group pays in all under so many names, each with an equal part of its weight: ``[B]``."""
    doubled = with_aliases(games, names - 1).truth
    share = (doubled.weights[:, :1] / names).expand(-1, names)
    said = Valuation(doubled.rewards, torch.cat([share, doubled.weights[:, names:]], 1))
    return mechanism(games.reference, said).payments[:, :names].sum(-1)


def split_law(mechanism: Mechanism, games: Games, beta: float, names: int) -> Tensor:
    """Var_p(t) / (2 beta k), t = w r of the first group: ``[B]``."""
    policy, worth = mechanism.train(games.reference, games.truth), games.truth.weights[:, 0, None, None]
    mine = worth * games.truth.rewards[:, 0]
    mean, square = (games.reference.expectation(policy, each) for each in (mine, mine.square()))
    return (square - mean.square()) / (2 * beta * names)


def _split(mechanism: Mechanism, games: Games, beta: float) -> list[Point]:
    """Relative to the mean bill under one name."""
    bills = [split_bill(mechanism, games, names) for names in SPLITS]
    points = curve(BILL, _named(beta), SPLITS, [ratio(bill, bills[0]) for bill in bills], "exact")
    if beta != MIDDLE:
        return points
    law = [ratio(split_law(mechanism, games, beta, names), bills[0]) for names in SPLITS]
    return points + curve(BILL, f"{DERIVED}, {_named(beta)}", SPLITS, law, "derived")


def _named(beta: float) -> str:
    return f"beta {beta:g}"


def said(found: Found) -> tuple[str, ...]:
    """What a researcher would quote."""
    middle = _named(MIDDLE)
    return (
        f"The affine maximizer is proof against one liar and not against two: a coalition of one gains "
        f"{found.at(COALITION, middle, 1)} of its honest utility, of two {found.at(COALITION, middle, 2)} (their "
        f"favourite for nothing would be {found.at(COALITION, FREE, 2)}), of all {AGENTS} "
        f"{found.at(COALITION, middle, AGENTS)} (beta {MIDDLE:g}, side payments allowed, n = {found.games} "
        "games, 95 % intervals of the mean; best joint lies found, so lower bounds).",
        f"Two are enough where the largest weight allowed, {MAX_WEIGHT:g}, is loud against beta: at beta {BETAS[-1]:g} "
        f"two gain {found.at(COALITION, _named(BETAS[-1]), 2)} and all {AGENTS} "
        f"{found.at(COALITION, _named(BETAS[-1]), AGENTS)}.",
        f"One group under two names gains {found.at(ALIASES, middle, 2)} of its utility, under eight "
        f"{found.at(ALIASES, middle, 8)}. Merely splitting an honest report into 64 names leaves the model as it is "
        f"and {found.at(BILL, middle, 64)} of the bill; the derived law Var / (2 beta k) says "
        f"{found.at(BILL, f'{DERIVED}, {middle}', 64)}.",
    )


COLLUSION = Experiment(
    "What do groups gain that agree on their reports, and one that takes several names?",
    f"{SETTING}; KL with beta {BETAS[0]:g} to {BETAS[-1]:g}, trained to the end",
    measure,
    said,
    200,
)
