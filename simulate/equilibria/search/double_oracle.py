"""Menus that grow until no report anywhere pays more: double oracle, also called policy-space response oracles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from mechanisms.valuation import Valuation
from simulate.empirical.best_reply import Reply
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.payoff_table import Payoffs
from simulate.empirical.payoffs import payoffs
from simulate.equilibria.base import Answer, Equilibrium, independent
from simulate.equilibria.search.certificate import Certificate, Market, certified, replies

Progress = Callable[[int], None]
Labels = tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Grown:
    """Where the menus ended."""

    game: NormalForm
    menus: tuple[Valuation, ...]  # [A_j, P, K], [A_j]
    equilibrium: Equilibrium | None
    certificate: Certificate | None
    rounds: int
    stopped: str | None  # one sentence, if play is not known to be an epsilon-equilibrium


def double_oracle(
    market: Market,
    menus: Sequence[Valuation],
    labels: Labels,
    players: tuple[str, ...],
    solve: Callable[[NormalForm], Answer],
    epsilon: float = 1e-6,
    most: int = 50,
    seed: int = 0,
    progress: Progress = lambda steps: None,
) -> Grown:
    """Solve the game of the menus, add everybody's best report against its equilibrium, repeat.

    It ends when several thorough searches from fresh starts find no report that pays anybody more than ``epsilon``
    (in units of utility); only the slice of a new report is evaluated.  Any equilibrium that ``solve`` returns first is
    followed, so which one is reached depends on it.  McMahan, Gordon and Blum (2003); Lanctot et al. (2017), Alg. 1.

    Raises ValueError where epsilon is not positive.
    """
    if not epsilon > 0:
        raise ValueError(f"epsilon is {epsilon!r}; a number above 0 is expected, in units of utility")
    table = _evaluated(market, menus)
    for rounds in range(1, most + 1):
        game = _game(market, table, players, labels)
        answer = solve(game)
        if not answer.equilibria:
            return Grown(game, tuple(menus), None, None, rounds, answer.stopped or "the menus' game was not solved")
        found = answer.equilibria[0]
        played = independent(found)
        better = replies(market, menus, played, seed + 1000 * rounds)
        certificate = None
        if not _pays(better, found, epsilon):
            certificate, better = certified(market, menus, played, found.utilities, seed + 1000 * rounds + 500)
        if not (growing := _pays(better, found, epsilon)):
            return Grown(game, tuple(menus), found, certificate, rounds, None)
        reached = menus
        for player in growing:
            menus, labels, table = _with(market, menus, labels, table, player, better[player])
        progress(1)
    certificate, _ = certified(market, reached, played, found.utilities, seed)
    stopped = f"after {most} rounds a report still pays {certificate.epsilon:.3g} more, above epsilon {epsilon:g}"
    return Grown(game, tuple(reached), found, certificate, most, stopped)


def _pays(found: Sequence[Reply], equilibrium: Equilibrium, epsilon: float) -> list[int]:
    return [j for j, reply in enumerate(found) if reply.utility - equilibrium.utilities[j] > epsilon]


def _evaluated(market: Market, menus: Sequence[Valuation]) -> Payoffs:
    truth = Valuation(market.truth.rewards[None], market.truth.weights[None])
    reports = [Valuation(menu.rewards[:, None], menu.weights[:, None]) for menu in menus]
    return payoffs(market.mechanism, market.reference, truth, range(len(menus)), reports)


def _game(market: Market, table: Payoffs, players: tuple[str, ...], labels: Labels) -> NormalForm:
    best = float(market.mechanism.train.value(market.reference, market.truth))
    utilities, welfare = (values[0].cpu().numpy().astype(np.float64) for values in (table.utilities, table.welfare))
    return NormalForm(utilities, players, labels, welfare, best)


def _with(
    market: Market, menus: Sequence[Valuation], labels: Labels, table: Payoffs, player: int, reply: Reply
) -> tuple[Sequence[Valuation], Labels, Payoffs]:
    """One more report for a player; only its slice is evaluated."""
    new = Valuation(reply.report.rewards[None], reply.report.weights[None])
    slices = _evaluated(market, [new if j == player else menu for j, menu in enumerate(menus)])
    own = menus[player]
    longer = Valuation(torch.cat([own.rewards, new.rewards]), torch.cat([own.weights, new.weights]))
    named = (*labels[player], f"found {len(own.weights) + 1}")
    return (
        [longer if j == player else menu for j, menu in enumerate(menus)],
        tuple(named if j == player else label for j, label in enumerate(labels)),
        table.joined(slices, player),
    )
