"""Message spaces: projections that leave members alone."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechanisms import MESSAGES
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.basis import basis
from mechanisms.valuation import Valuation

SUPPORT = torch.tensor([[True, True, True, False], [True, True, True, True]])
FEATURES = torch.rand(2, 2, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
SPACES = {**MESSAGES, "basis": basis(FEATURES)}


def drawn(seed: int) -> Valuation:
    rng = torch.Generator().manual_seed(seed)
    rewards = torch.randn(3, 2, 4, generator=rng, dtype=torch.float64) * SUPPORT
    if seed % 3 == 0:
        rewards[0] = 0.0
    return Valuation(rewards, 4 * torch.randn(3, generator=rng, dtype=torch.float64))


@pytest.mark.parametrize("name", SPACES)
@given(seed=st.integers(0, 10**6))
def test_projection_is_idempotent_and_lands_inside(name: str, seed: int) -> None:
    space = MessageSpace(name, SPACES[name], SUPPORT, max_weight=2.0)
    once = space.project(drawn(seed))
    twice = space.project(once)
    assert torch.allclose(once.rewards, twice.rewards, atol=1e-12)
    assert space.violation(once).max() <= 1e-12
    assert (once.rewards[..., ~SUPPORT] == 0).all()
    assert ((once.weights >= 0) & (once.weights <= 2)).all()


def test_members_of_the_paper_s_spaces() -> None:
    sums = MESSAGES["sum_to_one"](drawn(1).rewards, SUPPORT).sum(-1)
    assert torch.allclose(sums, torch.ones_like(sums))
    best = MESSAGES["max_one"](drawn(1).rewards, SUPPORT).amax(-1)
    assert torch.equal(best, torch.ones_like(best))
    silent = torch.zeros(1, 2, 4, dtype=torch.float64)
    assert torch.allclose(
        MESSAGES["sum_to_one"](silent, SUPPORT)[0, 0], torch.tensor([1 / 3, 1 / 3, 1 / 3, 0]).double()
    )


def test_basis_is_least_squares() -> None:
    raw = drawn(2).rewards
    span = (FEATURES * SUPPORT).flatten(1).T
    fitted = torch.linalg.lstsq(span, (raw * SUPPORT).flatten(1).T).solution
    assert torch.allclose(SPACES["basis"](raw, SUPPORT).flatten(1), (span @ fitted).T, atol=1e-10)


def test_integer_weights_are_rounded() -> None:
    space = MessageSpace("free", MESSAGES["free"], SUPPORT, max_weight=10, integer_weights=True)
    assert space.project(Valuation(drawn(1).rewards, torch.tensor([0.4, 2.6, 99.0]))).weights.tolist() == [0, 3, 10]
