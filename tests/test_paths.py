"""Payments along paths of types, and cycles that rule payments out."""

from __future__ import annotations

import networkx as nx
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms import Recipe
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.rochet_path import rochet_path
from mechanisms.payments.shortest_path import negative_cycle, shortest_path_payments, type_lengths
from mechanisms.reference import Reference
from mechanisms.valuation import Deviations, Valuation
from tests.billing import ROUNDING, SMOOTH, market, rule_for
from tests.games import Game, games


@pytest.mark.parametrize("divergence", SMOOTH)
@settings(max_examples=10)
@given(game=games(spread=1.0))
def test_path_payments_are_the_affine_maximizers(divergence: str, game: Game) -> None:
    """At a large beta the path is smooth; where responses leave the support it has kinks (chi_squared)."""
    train = rule_for("rochet_path", game.beta, divergence)
    policy = train(game.reference, game.truth)
    path = rochet_path(train, game.reference, game.truth, policy, steps=32)
    exact = affine_maximizer(train, game.reference, game.truth, policy)
    assert torch.allclose(path, exact, atol={"chi_squared": 5e-4, "jensen_shannon": 1e-3}.get(divergence, 1e-5))


def test_path_payments_converge_spectrally_under_kl() -> None:
    reference, truth = market(3, 6, 50)
    train = rule_for("rochet_path", 0.1)
    policy = train(reference, truth)
    exact = affine_maximizer(train, reference, truth, policy)
    errors = [
        (rochet_path(train, reference, truth, policy, steps=steps) - exact).abs().max().item() for steps in (2, 8, 32)
    ]
    assert errors[0] > 1e-3
    assert errors[1] < errors[0] / 100
    assert errors[2] <= ROUNDING


@pytest.mark.parametrize("divergence", ["kl", "chi_squared"])
@settings(max_examples=10)
@given(game=games(), seed=st.integers(0, 1000))
def test_shortest_paths_make_truth_optimal_for_the_welfare_rule(divergence: str, game: Game, seed: int) -> None:
    train, rng = rule_for("affine_maximizer", game.beta, divergence), torch.Generator().manual_seed(seed)
    rewards = torch.rand(8, *game.truth.rewards.shape[1:], generator=rng).double()
    weights = 2 * torch.rand(8, generator=rng).double()
    weights[0] = 0.0
    types = Valuation(rewards, weights)
    lengths = type_lengths(train, game.reference, game.truth, 0, types)
    payments = shortest_path_payments(lengths)
    policies = train(game.reference, Deviations(game.truth, slice(0, 1), Valuation(rewards[:, None], weights[:, None])))
    utilities = weights[:, None] * game.reference.expectation(policies[:, 0], rewards[:, None]) - payments
    assert (utilities.amax(-1) - utilities.diagonal()).max() <= 10 * ROUNDING  # eight edges of a path
    assert negative_cycle(lengths) is None


@pytest.mark.parametrize("training", [{"name": "generalized_mean", "alpha": -5.0}, "egalitarian", "nash_welfare"])
def test_no_payment_implements_rules_that_compromise(training: str | dict[str, object]) -> None:
    """A cycle of types whose lengths add up to less than nothing is the proof."""
    train = Recipe(training=training, beta=0.1).build().train
    rng = torch.Generator().manual_seed(0)
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    found = 0
    for _ in range(20):
        types = Valuation(torch.rand(10, 1, 4, generator=rng).double(), torch.ones(10).double())
        others = Valuation(torch.rand(3, 1, 4, generator=rng).double(), torch.ones(3).double())
        lengths = type_lengths(train, reference, others, 1, types)
        cycle = negative_cycle(lengths, tolerance=1e-6)
        if cycle is not None:
            found += 1
            assert sum(lengths[s, t].item() for s, t in zip(cycle, cycle[1:] + cycle[:1], strict=True)) < -1e-6
            with pytest.raises(ValueError, match="negative cycle"):
                shortest_path_payments(lengths, tolerance=1e-6)
    assert found > 0


@given(seed=st.integers(0, 2**31), size=st.integers(2, 9), shift=st.floats(-0.2, 0.8))
def test_shortest_paths_and_cycles_agree_with_networkx(seed: int, size: int, shift: float) -> None:
    lengths = torch.rand(size, size, generator=torch.Generator().manual_seed(seed)).double() - 0.5 + shift
    lengths.fill_diagonal_(0.0)
    graph = nx.from_numpy_array(lengths.numpy() + torch.eye(size).numpy(), create_using=nx.DiGraph)
    cycle = negative_cycle(lengths)
    assert (cycle is not None) == nx.negative_edge_cycle(graph)
    if cycle is None:
        expected = nx.single_source_bellman_ford_path_length(graph, size - 1)
        found = shortest_path_payments(lengths, size - 1).tolist()
        assert found == pytest.approx([expected[t] for t in range(size)], abs=10 * ROUNDING)
    else:
        assert len(set(cycle)) == len(cycle) > 1
        assert sum(lengths[s, t].item() for s, t in zip(cycle, cycle[1:] + cycle[:1], strict=True)) < 0
