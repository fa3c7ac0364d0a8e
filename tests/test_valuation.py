"""Variations of a profile equal the profiles built by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given

from mechanisms import MECHANISMS
from mechanisms.base import utility
from mechanisms.deviation import deviation_utilities
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Deviations, Valuation
from tests.games import Game, games, random_lies

ROUNDING = 1e-12  # sums of a few dozen terms below 30


def replaced(truth: Valuation, agent: int, rewards: torch.Tensor, weight: torch.Tensor) -> Valuation:
    all_rewards, all_weights = truth.rewards.clone(), truth.weights.clone()
    all_rewards[..., agent, :, :] = rewards
    all_weights[..., agent] = weight
    return Valuation(all_rewards, all_weights)


@given(games())
def test_total_is_the_weighted_sum(game: Game) -> None:
    looped = sum(w * r for w, r in zip(game.truth.weights, game.truth.rewards, strict=True))
    assert torch.allclose(game.truth.total, looped, atol=ROUNDING)


@given(games())
def test_leave_one_out_is_weight_zero(game: Game) -> None:
    without = game.truth.others()
    for i in range(len(game.truth.weights)):
        silent = replaced(game.truth, i, game.truth.rewards[i], torch.tensor(0.0))
        assert torch.allclose(without.total[i], silent.total, atol=ROUNDING)
        assert torch.equal(without.weights[i], silent.weights)
        welfare = without.welfare(game.reference, game.reference.policy)[i]
        assert welfare.item() == pytest.approx(
            silent.welfare(game.reference, game.reference.policy).item(), abs=ROUNDING
        )


@given(games())
def test_deviations_are_profiles_with_one_report_replaced(game: Game) -> None:
    lies = random_lies(game, 3)
    deviations = Deviations(game.truth, EVERYONE, lies)
    for m in range(3):
        for i in range(len(game.truth.weights)):
            by_hand = replaced(game.truth, i, lies.rewards[m, i], lies.weights[m, i])
            assert torch.allclose(deviations.total[m, i], by_hand.total, atol=ROUNDING)
            assert torch.equal(deviations.rewards[m, i], by_hand.rewards)
            assert torch.equal(deviations.weights[m, i], by_hand.weights)


@pytest.mark.parametrize("name", MECHANISMS)
@given(game=games(max_agents=3, max_responses=4))
def test_batched_deviations_equal_a_loop_over_games(name: str, game: Game) -> None:
    """Every mechanism, some agents only, a batch of two replicates: lies and agents are axes, not loops."""
    mechanism = MECHANISMS[name].but(beta=game.beta).build()
    agents = torch.arange(len(game.truth.weights))[::2]
    both = Valuation(torch.stack([game.truth.rewards, game.truth.rewards.flip(0)]), game.truth.weights.expand(2, -1))
    drawn = random_lies(game, 2)
    lies = Valuation(
        drawn.rewards[:, agents, None].expand(-1, -1, 2, -1, -1), drawn.weights[:, agents, None].expand(-1, -1, 2)
    )
    batched = deviation_utilities(mechanism, game.reference, both, both, agents, lies)
    for b in range(2):
        truth = Valuation(both.rewards[b], both.weights[b])
        for j, agent in enumerate(agents.tolist()):
            for m in range(2):
                reports = replaced(truth, agent, lies.rewards[m, j, b], lies.weights[m, j, b])
                alone = utility(game.reference, truth, mechanism(game.reference, reports))[agent]
                assert batched[m, j, b].item() == pytest.approx(alone.item(), abs=1e-7)


def test_many_agents_total_is_the_same_sum() -> None:
    """Above `FEW` agents a matrix product takes over."""
    rng = torch.Generator().manual_seed(0)
    v = Valuation(torch.rand(3, 40, 2, 5, generator=rng).double(), torch.rand(3, 40, generator=rng).double())
    assert torch.allclose(v.total, (v.weights[..., None, None] * v.rewards).sum(1), atol=ROUNDING)


def test_prompts_count_by_their_weights() -> None:
    policy = torch.tensor([[1.0, 0.0], [0.0, 1.0]], dtype=torch.float64)
    reference = Reference.of(policy, torch.tensor([0.25, 0.75], dtype=torch.float64))
    assert reference.expectation(policy, torch.tensor([[4.0, 0.0], [0.0, 8.0]], dtype=torch.float64)).item() == 7.0
