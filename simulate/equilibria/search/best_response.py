"""Equilibria of the whole report space by best responses, one player after the other, with a certificate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from mechanisms.axioms.base import Effort
from mechanisms.base import utility
from mechanisms.valuation import Valuation
from simulate.empirical.best_reply import best_reply
from simulate.empirical.normal_form import Array
from simulate.equilibria.search.certificate import QUICK, Certificate, Market, certified, played_against


@dataclass(frozen=True)
class Settled:
    """Reports from which nobody was found to gain more than epsilon, or where the search was when it stopped."""

    reports: Valuation  # [n, P, K], [n]
    utilities: Array  # [n]
    welfare_loss: float
    certificate: Certificate
    sweeps: int
    stopped: str | None


def best_response(
    market: Market,
    start: Valuation | None = None,
    epsilon: float = 1e-6,
    most: int = 100,
    seed: int = 0,
    progress: Callable[[int], None] = lambda steps: None,
) -> Settled:
    """From ``start`` (default: the truth) every player in turn moves to its best report if that gains over epsilon.

    A sweep in which nobody moves ends it; then thorough searches from fresh starts make the certificate, and what they
    still find is moved to.  Best responses may cycle: after ``most`` sweeps it says that it stopped.
    """
    reports = start or market.truth
    for sweep in range(1, most + 1):
        reports, moved = _swept(market, reports, epsilon, seed + sweep)
        progress(1)
        if moved:
            continue
        certificate, better = _certificate(market, reports, seed + 10_000 * sweep)
        if certificate.epsilon <= epsilon:
            return _settled(market, reports, certificate, sweep, None)
        mover = int(certificate.gains.argmax())
        reports = _replaced(reports, mover, better[mover])
    certificate, _ = _certificate(market, reports, seed)
    stopped = f"after {most} sweeps a report still pays {certificate.epsilon:.3g} more, above epsilon {epsilon:g}"
    return _settled(market, reports, certificate, most, stopped if certificate.epsilon > epsilon else None)


def _swept(
    market: Market, reports: Valuation, epsilon: float, seed: int, effort: Effort = QUICK
) -> tuple[Valuation, bool]:
    moved = False
    for agent in range(len(reports.weights)):
        menus, profile = _alone(reports)
        reply = best_reply(
            market.mechanism, market.reference, market.truth, market.messages,
            played_against(menus, profile, agent), agent, seed, effort,
        )  # fmt: skip
        if reply.utility - _utilities(market, reports)[agent] > epsilon:
            reports, moved = _replaced(reports, agent, reply.report), True
    return reports, moved


def _alone(reports: Valuation) -> tuple[list[Valuation], tuple[Array, ...]]:
    """Everybody's only report as a menu of one."""
    n = len(reports.weights)
    return [reports.of(slice(i, i + 1)) for i in range(n)], tuple(np.ones(1) for _ in range(n))


def _certificate(market: Market, reports: Valuation, seed: int) -> tuple[Certificate, list[Valuation]]:
    certificate, better = certified(market, *_alone(reports), _utilities(market, reports), seed)
    return certificate, [reply.report for reply in better]


def _utilities(market: Market, reports: Valuation) -> Array:
    found = utility(market.reference, market.truth, market.mechanism(market.reference, reports))
    return found.detach().cpu().numpy().astype(np.float64)


def _replaced(reports: Valuation, agent: int, new: Valuation) -> Valuation:
    rewards, weights = reports.rewards.clone(), reports.weights.clone()
    rewards[agent], weights[agent] = new.rewards, new.weights
    return Valuation(rewards, weights)


@torch.no_grad()
def _settled(market: Market, reports: Valuation, certificate: Certificate, sweeps: int, stopped: str | None) -> Settled:
    train = market.mechanism.train
    reached = train.objective(market.reference, market.truth, train(market.reference, reports))
    loss = float(train.value(market.reference, market.truth) - reached)
    return Settled(reports, _utilities(market, reports), loss, certificate, sweeps, stopped)
