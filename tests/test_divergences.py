"""One contract for the whole catalogue of divergences, and an independent formula for each."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr

from mechanisms import DIVERGENCES, Recipe
from mechanisms.divergences.alpha import alpha
from mechanisms.fine_tuners.optimum import newton_optimum, optimum
from mechanisms.reference import Reference
from tests.games import Game, games

SMOOTH = [name for name, make in DIVERGENCES.items() if make().tilt is not None]
SUMS = {  # written with p and q, not with f(p / q)
    "kl": lambda p, q: rel_entr(p, q).sum(),
    "reverse_kl": lambda p, q: rel_entr(q, p).sum(),
    "chi_squared": lambda p, q: (p**2 / q).sum() - 1,
    "total_variation": lambda p, q: 2 * np.maximum(p - q, 0).sum(),
    "hellinger": lambda p, q: 2 - 2 * np.sqrt(p * q).sum(),
    "jensen_shannon": lambda p, q: 0.5 * (rel_entr(p, (p + q) / 2).sum() + rel_entr(q, (p + q) / 2).sum()),
    "alpha": lambda p, q: 4 * (1 - np.sqrt(p * q).sum()),  # order 1/2
}


def pair(seed: int, size: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(size)), rng.dirichlet(np.ones(size))


@pytest.mark.parametrize("name", DIVERGENCES)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 30))
def test_value_is_the_textbook_sum(name: str, seed: int, size: int) -> None:
    p, q = pair(seed, size)
    ours = DIVERGENCES[name]()(torch.from_numpy(p), torch.from_numpy(q)).item()
    assert ours == pytest.approx(SUMS[name](p, q), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("name", DIVERGENCES)
@given(seed=st.integers(0, 10**6), size=st.integers(2, 8))
def test_zero_at_equality_positive_elsewhere_and_convex(name: str, seed: int, size: int) -> None:
    divergence = DIVERGENCES[name]()
    p, q = map(torch.from_numpy, pair(seed, size))
    r = torch.from_numpy(pair(seed + 1, size)[0])
    assert divergence(q, q).item() == pytest.approx(0, abs=1e-15)
    assert divergence(p, q).item() > 0
    assert divergence((p + r) / 2, q).item() <= (divergence(p, q) + divergence(r, q)).item() / 2 + 1e-14


@pytest.mark.parametrize("name", DIVERGENCES)
def test_padding_is_ignored(name: str) -> None:
    p, q = map(torch.from_numpy, pair(0, 4))
    padded = [torch.cat([x, torch.zeros(2, dtype=torch.float64)]) for x in (p, q)]
    assert DIVERGENCES[name]()(*padded).item() == DIVERGENCES[name]()(p, q).item()


@pytest.mark.parametrize("name", SMOOTH)
@given(t=st.floats(1.0, 1e3), drop=st.floats(0, 200))
def test_tilt_moves_the_slope_of_f(name: str, t: float, drop: float) -> None:
    divergence = DIVERGENCES[name]()

    def slope(x: torch.Tensor) -> torch.Tensor:
        x = x.clone().requires_grad_()
        return torch.autograd.grad(divergence.f(x), x)[0]

    at, down = torch.tensor(t, dtype=torch.float64), torch.tensor(-drop, dtype=torch.float64)
    tilted = divergence.tilt(at, down)
    if tilted > 1e-100:
        assert slope(tilted).item() == pytest.approx(slope(at).item() - drop, rel=1e-9, abs=1e-9)
    else:
        assert slope(torch.tensor(1e-100, dtype=torch.float64)) >= slope(at) - drop


@pytest.mark.parametrize("name", SMOOTH)
@given(t=st.floats(0.01, 100))
def test_softness_is_the_inverse_curvature(name: str, t: float) -> None:
    divergence = DIVERGENCES[name]()
    x = torch.tensor(t, dtype=torch.float64, requires_grad=True)
    slope = torch.autograd.grad(divergence.f(x), x, create_graph=True)[0]
    curvature = torch.autograd.grad(slope, x)[0].item()
    assert divergence.softness(x).item() == pytest.approx(1 / curvature, rel=1e-9)


@pytest.mark.parametrize("name", DIVERGENCES)
@given(game=games(max_agents=3, spread=200.0))
def test_exact_policy_beats_every_other(name: str, game: Game) -> None:
    train = Recipe(divergence=name, beta=game.beta).build().train
    policy = train(game.reference, game.truth)
    best = train.objective(game.reference, game.truth, policy)
    assert (policy.sum(-1) - 1).abs().max() < 1e-12
    assert (policy >= 0).all()
    assert (policy[game.reference.policy == 0] == 0).all()
    rng = torch.Generator().manual_seed(game.seed)
    noise = torch.randn(200, *policy.shape, generator=rng, dtype=torch.float64)
    rivals = torch.cat([torch.softmax(game.reference.log + noise, -1), torch.softmax(policy.log() + 0.1 * noise, -1)])
    assert train.objective(game.reference, game.truth, rivals).max() <= best + 1e-10 * (1 + best.abs())
    assert train.value(game.reference, game.truth).item() == pytest.approx(best.item(), rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("name", ["kl", "chi_squared"])
@given(game=games(spread=200.0))
def test_closed_form_equals_newton(name: str, game: Game) -> None:
    divergence = DIVERGENCES[name]()
    closed = optimum(divergence, game.reference, game.truth.total, game.beta)
    newton = newton_optimum(divergence, game.reference.policy, game.truth.total / game.beta)
    assert torch.allclose(closed, newton, atol=1e-9)


@pytest.mark.parametrize("name", SMOOTH)
@given(game=games(max_prompts=1, spread=20.0))
def test_policy_is_differentiable(name: str, game: Game) -> None:
    """Autograd against central differences, where chi-squared does not clip at this very point."""
    divergence = DIVERGENCES[name]()
    reward = game.truth.total.clone().requires_grad_()
    direction = torch.from_numpy(np.random.default_rng(game.seed).standard_normal(tuple(reward.shape)))
    policy = optimum(divergence, game.reference, reward, game.beta)
    ours = (torch.autograd.grad((policy * direction).sum(), reward)[0] * direction).sum().item()
    h = 1e-6 * game.beta
    sides = [optimum(divergence, game.reference, reward.detach() + s * h * direction, game.beta) for s in (1, -1)]
    numeric = ((sides[0] - sides[1]) * direction).sum().item() / (2 * h)
    kinked = name in ("chi_squared",) and bool(((sides[0] > 0) != (sides[1] > 0)).any())
    assert kinked or ours == pytest.approx(numeric, rel=1e-4, abs=1e-5 / game.beta)


@pytest.mark.parametrize("name", SMOOTH)
@given(seed=st.integers(0, 10**6), spread=st.sampled_from([1.0, 200.0, 24_000.0]))
def test_first_order_conditions_hold_however_far_rewards_are_spread(name: str, seed: int, spread: float) -> None:
    """S - beta f'(x) is one number wherever the policy lives: nothing overflows at 24,000 beta."""
    rng = np.random.default_rng(seed)
    q = np.maximum(rng.dirichlet(np.full(50, 0.3)), 1e-14)
    reference, S = Reference.of(torch.from_numpy(q / q.sum())[None]), torch.from_numpy(rng.random((1, 50)))
    divergence, beta = DIVERGENCES[name](), 1 / spread
    policy = optimum(divergence, reference, S, beta)
    ratio = (policy / reference.policy).requires_grad_()
    marginal = S - beta * torch.autograd.grad(divergence.f(ratio).sum(), ratio)[0]
    alive = marginal[ratio > 1e-250]
    assert policy.sum().item() == pytest.approx(1, abs=1e-12)
    assert (alive.max() - alive.min()).item() <= 1e-11


def test_chi_squared_interior_closed_form() -> None:
    """Derived from arXiv 2405.16276, (OPT): policy = q (1 + (S - E S) / (2 beta)), value = E S + Var S / (4 beta)."""
    q = torch.tensor([[0.2, 0.3, 0.5]], dtype=torch.float64)
    S, beta = torch.tensor([[0.1, 0.5, 0.9]], dtype=torch.float64), 2.0
    mean = (q * S).sum()
    train = Recipe(divergence="chi_squared", beta=beta).build().train
    policy = train.fine_tuner(Reference.of(q), S)
    assert torch.allclose(policy, q * (1 + (S - mean) / (2 * beta)), atol=1e-15)
    value = train.fine_tuner.value(Reference.of(q), S)
    assert value.item() == pytest.approx((mean + (q * (S - mean) ** 2).sum() / (4 * beta)).item(), abs=1e-15)


def test_alpha_is_a_family() -> None:
    p, q = map(torch.from_numpy, pair(3, 6))
    assert alpha(2.0)(p, q).item() == pytest.approx(DIVERGENCES["chi_squared"]()(p, q).item() / 2)
    assert alpha(0.5)(p, q).item() == pytest.approx(2 * DIVERGENCES["hellinger"]()(p, q).item())
    assert alpha(1 + 1e-6)(p, q).item() == pytest.approx(DIVERGENCES["kl"]()(p, q).item(), rel=1e-4)
    assert alpha(1e-6)(p, q).item() == pytest.approx(DIVERGENCES["reverse_kl"]()(p, q).item(), rel=1e-4)
    for order in (0.0, 1.0, float("nan")):
        with pytest.raises(ValueError, match="order is"):
            alpha(order)
