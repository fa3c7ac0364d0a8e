"""Our solutions against an independent convex solver (cvxpy with Clarabel), objective and payments to 1e-6."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
import torch

from mechanisms import Recipe
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation

AGREES = 1e-6  # in units of the rewards, which lie in [0, 1] times weights
DIVERGENCES = {
    "kl": lambda p, q: cp.sum(cp.rel_entr(p, q)),
    "reverse_kl": lambda p, q: cp.sum(cp.rel_entr(q, p)),
    "chi_squared": lambda p, q: cp.sum(cp.multiply(cp.square(p - q), 1 / q)),
    "total_variation": lambda p, q: cp.norm1(p - q),
    "hellinger": lambda p, q: 2 - 2 * cp.sum(cp.multiply(np.sqrt(q), cp.sqrt(p))),
    "jensen_shannon": lambda p, q: 0.5 * (cp.sum(cp.rel_entr(p, (p + q) / 2)) + cp.sum(cp.rel_entr(q, (p + q) / 2))),
}
SIZES = [(2, 5, 3.0), (3, 40, 20.0), (12, 200, 30.0), (2, 30, 200.0), (5, 200, 200.0)]  # n, K, spread of S / beta


def game(n: int, K: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    reference = rng.dirichlet(np.ones(K))
    rewards = rng.random((n, K))
    rewards = (rewards - rewards.min(1, keepdims=True)) / np.ptp(rewards, axis=1, keepdims=True)
    return np.maximum(reference, 1e-6) / np.maximum(reference, 1e-6).sum(), rewards, rng.integers(1, 4, n).astype(float)


def solved(objective: cp.Expression, p: cp.Variable) -> float:
    """The solver's policy, made exactly feasible, and what it is worth."""
    problem = cp.Problem(cp.Maximize(objective), [cp.sum(p) == 1])
    problem.solve(solver=cp.CLARABEL, tol_gap_abs=1e-8, tol_gap_rel=1e-8, tol_feas=1e-8)
    p.value = np.maximum(p.value, 1e-15) / np.maximum(p.value, 1e-15).sum()
    return float(objective.value)


def ours(training: str, divergence: str, beta: float, q: np.ndarray, r: np.ndarray, w: np.ndarray):
    mechanism = Recipe(training=training, divergence=divergence, beta=beta).build()
    reference = Reference.of(torch.from_numpy(q)[None])
    reports = Valuation(torch.from_numpy(r)[:, None], torch.from_numpy(w))
    outcome = mechanism(reference, reports)
    return mechanism.train.objective(reference, reports, outcome.policy).item(), outcome


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize(("n", "K", "spread"), SIZES)
def test_social_welfare_agrees_with_a_convex_solver(divergence: str, n: int, K: int, spread: float) -> None:
    q, r, w = game(n, K, seed=n * K)
    beta = float(np.ptp(w @ r)) / spread
    objective, outcome = ours("social_welfare", divergence, beta, q, r, w)

    def optimum(weights: np.ndarray) -> tuple[float, np.ndarray]:
        p = cp.Variable(K, nonneg=True)
        value = solved((weights @ r) @ p - beta * DIVERGENCES[divergence](p, q), p)
        return value, p.value

    value, p = optimum(w)
    assert objective == pytest.approx(value, abs=AGREES)
    assert torch.isfinite(outcome.policy).all()
    assert outcome.policy.sum().item() == pytest.approx(1, abs=1e-12)
    for i in range(min(n, 3)):
        alone = np.where(np.arange(n) == i, 0, w)
        payment = optimum(alone)[0] - (value - w[i] * (r[i] @ p))
        # the solver's own policy enters its payment: allow for what its optimality tolerance lets that move
        exact = optimum(alone)[0] - (objective - w[i] * float(r[i] @ outcome.policy[0].numpy()))
        assert outcome.payments[i].item() == pytest.approx(exact, abs=AGREES)
        assert outcome.payments[i].item() == pytest.approx(payment, abs=5e-3)


@pytest.mark.parametrize(("n", "K", "beta"), [(2, 5, 1.0), (3, 40, 0.1), (12, 200, 0.3), (4, 100, 0.005)])
def test_nash_welfare_agrees_with_a_convex_solver(n: int, K: int, beta: float) -> None:
    q, r, w = game(n, K, seed=n + K)
    objective, outcome = ours("nash_welfare", "kl", beta, q, r, w)
    p = cp.Variable(K, nonneg=True)
    value = solved(w @ cp.log(r @ p) - beta * cp.sum(cp.rel_entr(p, q)), p)
    assert objective == pytest.approx(value, abs=AGREES)
    assert outcome.policy[0].numpy() == pytest.approx(p.value, abs=1e-3)


@pytest.mark.parametrize(("n", "K", "beta"), [(2, 5, 1.0), (3, 40, 0.1), (12, 200, 0.3), (4, 100, 0.005)])
def test_egalitarian_agrees_with_a_convex_solver(n: int, K: int, beta: float) -> None:
    q, r, w = game(n, K, seed=n + K)
    objective, outcome = ours("egalitarian", "kl", beta, q, r, w)
    p = cp.Variable(K, nonneg=True)
    value = solved(cp.min(r @ p) - beta * cp.sum(cp.rel_entr(p, q)), p)
    assert objective == pytest.approx(value, abs=AGREES)
    assert outcome.policy[0].numpy() == pytest.approx(p.value, abs=1e-3)
