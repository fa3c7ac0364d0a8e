"""Payoffs of every profile of reports: utilities under all payments, welfare and revenue, exact under KL."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import prod

import torch
from torch import Tensor

from mechanisms.catalogue import MECHANISMS
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.benchmarks.base import Benchmark
from simulate.empirical.payoffs import payoffs
from simulate.empirical.played import played

RESPONSES, BETA = 1024, 0.3
PAIR, TRIO = (400, 400), (60, 60, 60)  # reports of each agent
SOME = 16  # reports of each of two agents that the batched mechanism is timed on
GRADIENT = 1e-10  # at which the convex solve stops: its value is then right to about 1e-13
Action = Callable[[], object]
VCG = MECHANISMS["vcg"].but(beta=BETA).build()


def _game(sizes: tuple[int, ...]) -> tuple[Reference, Valuation, list[Valuation]]:
    rng, n = torch.Generator().manual_seed(0), len(sizes)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng, dtype=torch.float64)

    policy = drawn(1, RESPONSES)
    truth = Valuation(drawn(1, n, 1, RESPONSES), 3 * drawn(1, n))
    menus = [Valuation(drawn(size, 1, 1, RESPONSES), 3 * drawn(size, 1)) for size in sizes]
    return Reference.of(policy / policy.sum()), truth, menus


def _ours(sizes: tuple[int, ...]) -> Action:
    reference, truth, menus = _game(sizes)
    return lambda: payoffs(VCG, reference, truth, range(len(sizes)), menus)


def _against_products(sizes: tuple[int, ...], rows: int) -> tuple[Action, Action]:
    """Those of log Z, of each agent's excess and of the valuations: one a quantity, of all rows with all columns."""
    height, width = prod(sizes[:rows]), prod(sizes[rows:])
    left = torch.rand(height, RESPONSES, dtype=torch.float64)
    right = torch.rand((2 + len(sizes) - rows) * width, RESPONSES, dtype=torch.float64)

    def products() -> object:
        return left @ right.T, [left @ right[:width].T for _ in range(rows)]

    return _ours(sizes), products


def _against_mechanism() -> tuple[Action, Action]:
    reference, truth, menus = _game(PAIR)
    some = [Valuation(menu.rewards[:SOME], menu.weights[:SOME]) for menu in menus]
    return _ours(PAIR), lambda: played(VCG, reference, truth, range(2), some)


def _against_convex_solve() -> tuple[Action, Action]:
    """L-BFGS on the logits, from the reference: the fastest of scipy's solvers that need no special structure."""
    import numpy as np
    import scipy

    reference, _, menus = _game(PAIR)
    usual = reference.log[0].numpy()
    one, two = (menu.weights[0, 0] * menu.rewards[0, 0, 0] for menu in menus)
    reward = (one + two).numpy()

    def loss(logits: np.ndarray) -> tuple[float, np.ndarray]:
        log_policy = scipy.special.log_softmax(logits)
        policy, worth = np.exp(log_policy), reward - BETA * (log_policy - usual)
        return -policy @ worth, -policy * (worth - policy @ worth)

    options = {"gtol": GRADIENT, "ftol": 0.0, "maxiter": 1000}
    return _ours(PAIR), lambda: scipy.optimize.minimize(loss, usual, jac=True, method="L-BFGS-B", options=options)


payoffs_two = Benchmark(
    "two agents x 400 reports x 1024 responses, all utilities, payments and welfare under vcg",
    "plain products of the same matrices",
    partial(_against_products, PAIR, 1),
    1 / 0.6,
    25,
)
payoffs_three = Benchmark(
    "three agents x 60 reports x 1024 responses, the same",
    "plain products of the same matrices",
    partial(_against_products, TRIO, 2),
    1 / 0.6,
    15,
)
payoffs_mechanism = Benchmark(
    "two agents x 400 reports x 1024 responses, the same",
    f"the batched mechanism, timed on {SOME} x {SOME} of the profiles and scaled to all",
    _against_mechanism,
    1 / 100,
    share=SOME**2 / prod(PAIR),
)
payoffs_convex = Benchmark(
    "two agents x 400 reports x 1024 responses, the same",
    "one convex solve (L-BFGS) a profile, timed on one profile and scaled to all; payments would take two more",
    _against_convex_solve,
    1 / 10_000,
    share=1 / prod(PAIR),
)
