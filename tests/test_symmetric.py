"""Games of many agents of a few types, by counts."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms.catalogue import MECHANISMS
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.empirical.mean_field import MeanField
from simulate.empirical.normal_form import NormalForm, action_values
from simulate.empirical.symmetric import SymmetricGame, multinomial
from simulate.empirical.types import Types, symmetric_game
from simulate.equilibria.symmetric_nash import symmetric_nash


def anti_coordination(agents: int, worth: float) -> SymmetricGame:
    """Action 0 pays 1; action 1 pays ``worth`` if everybody else plays 0, else nothing."""
    return SymmetricGame(
        ("player",),
        (agents,),
        (("safe", "alone"),),
        lambda kind, counts: np.stack([np.ones(len(counts)), worth * (counts[:, 1] == 0)]),
        lambda counts: counts[:, 0] + worth * ((counts[:, 1] == 1) & (counts[:, 0] == agents - 1)),
        float(agents),
    )


@pytest.mark.parametrize("agents", [2, 3, 4, 9])
def test_anti_coordination_has_its_known_mixture(agents: int) -> None:
    # P(safe) = v^(-1/(N-1)), payoff 1: QuantEcon.py, game_theory/tests/test_mclennan_tourky.py
    (found,) = symmetric_nash(anti_coordination(agents, 2.0)).equilibria
    assert found.profile[0][0] == pytest.approx(2.0 ** (-1 / (agents - 1)), abs=1e-12)
    assert found.utilities[0] == pytest.approx(1.0, abs=1e-12)
    assert found.regrets.max() <= 1e-12


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.lists(st.tuples(st.integers(1, 3), st.integers(1, 3)), min_size=1, max_size=2))
def test_counts_agree_with_the_normal_form_of_everybody(seed: int, shapes: list[tuple[int, int]]) -> None:
    """Every agent a player of its own in a tensor: the same value of every action against the same mixtures."""
    rng = np.random.default_rng(seed)
    sizes, kinds = tuple(size for size, _ in shapes), tuple(actions for _, actions in shapes)
    weights = rng.normal(size=(len(shapes), max(kinds), sum(kinds), 2))

    def payoff(kind: int, counts: np.ndarray) -> np.ndarray:
        return np.stack([(np.sin(counts * w[:, 0]) * w[:, 1]).sum(1) for w in weights[kind, : kinds[kind]]])

    names = tuple(tuple(f"a{i}" for i in range(k)) for k in kinds)
    game = SymmetricGame(("x", "y")[: len(shapes)], sizes, names, payoff, lambda counts: counts[:, 0] * 1.0, 1.0)
    profile = tuple(rng.dirichlet(np.ones(k)) for k in kinds)
    found = game.values(profile)
    owner = [t for t, size in enumerate(sizes) for _ in range(size)]
    tensor = np.zeros((len(owner), *(kinds[t] for t in owner)))
    for cell in product(*(range(kinds[t]) for t in owner)):
        for i, t in enumerate(owner):
            counts = np.zeros((1, sum(kinds)), dtype=np.int64)
            for j, s in enumerate(owner):
                if j != i:
                    counts[0, game.offsets[s] + cell[j]] += 1
            tensor[(i, *cell)] = payoff(t, counts)[cell[i], 0]
    everybody = NormalForm.of(tensor)
    for i, t in enumerate(owner):
        expected = action_values(everybody, i, tuple(profile[s] for s in owner))
        np.testing.assert_allclose(found[t], expected, atol=1e-12)


def test_multinomial_sums_to_one_with_and_without_zeros() -> None:
    game = SymmetricGame(
        ("x", "y"), (7, 4), (("a", "b", "c"), ("d", "e")), lambda t, c: c[:, :1].T, lambda c: c[:, 0], 0
    )
    counts = game.counts(game.sizes)
    assert len(counts) == game.table_size(game.sizes) == 36 * 5
    for mixture in ([0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [0.0, 0.4, 0.6]):
        assert multinomial(counts, game.sizes, (np.array(mixture), np.array([0.9, 0.1]))).sum() == pytest.approx(1)


def test_a_table_too_large_says_so_and_pure_equilibria_are_found_all_the_same() -> None:
    names = tuple(f"a{i}" for i in range(6))
    game = SymmetricGame(
        ("x",),
        (1000,),
        (names,),
        lambda t, c: np.arange(6.0)[:, None] + 0 * c[:, 0],
        lambda c: c @ np.arange(6.0),
        5000.0,
    )
    with pytest.raises(ValueError, match="too many for a table"):
        game.values((np.full(6, 1 / 6),))
    (found,) = symmetric_nash(game).equilibria
    assert found.profile[0][-1] == 1
    assert found.welfare_loss == 0
    cycling = SymmetricGame(
        ("x",), (1000,), (names,), lambda t, c: np.roll(c[:, :6], 1, 1).T - 1.0, lambda c: c[:, 0] * 1.0, 0.0
    )
    answer = symmetric_nash(cycling)
    assert not answer.equilibria
    assert "too many" in answer.stopped


MARKET_MENU = (1.0, 0.5, 2.0, 4.0)


def crowd(mechanism: str, sizes: tuple[int, ...], weight: float = 0.5, seed: int = 0):
    """Types with random rewards; every agent scales its weight by a factor of `MARKET_MENU`."""
    rng = torch.Generator().manual_seed(seed)
    kinds = len(sizes)
    reference = Reference.of(torch.full((1, 5), 0.2, dtype=torch.float64))
    rewards = torch.rand(kinds, 1, 5, generator=rng, dtype=torch.float64)
    truth = Valuation(rewards, torch.full((kinds,), weight, dtype=torch.float64))
    types = Types(tuple("xyz"[:kinds]), sizes, truth)
    menus = [
        Valuation(rewards[t].expand(len(MARKET_MENU), 1, 5), weight * torch.tensor(MARKET_MENU, dtype=torch.float64))
        for t in range(kinds)
    ]
    labels = [[f"x{f:g}" for f in MARKET_MENU]] * kinds
    return MECHANISMS[mechanism].but(beta=0.5).build(), reference, types, menus, labels


@pytest.mark.parametrize("mechanism", ["vcg", "no_payment", "egalitarian", "pay_as_reported", "nash_welfare"])
def test_payoffs_by_counts_are_those_of_a_market_in_which_everybody_is_spelled_out(mechanism: str) -> None:
    pair, reference, types, menus, labels = crowd(mechanism, (3, 2))
    game = symmetric_game(pair, reference, types, menus, labels)
    counts = game.counts(game.others(0))
    found = game.payoff(0, counts)
    flat = Valuation(torch.cat([m.rewards for m in menus]), torch.cat([m.weights for m in menus]))
    for row in (0, 7, len(counts) - 1):
        others = [a for a, c in enumerate(counts[row]) for _ in range(c)]
        for action in range(len(MARKET_MENU)):
            who = [action, *others]
            outcome = pair(reference, Valuation(flat.rewards[who], flat.weights[who]))
            worth = types.truth.weights[0] * reference.expectation(outcome.policy, types.truth.rewards[0])
            assert found[action, row] == pytest.approx(float(worth - outcome.payments[0]), abs=1e-9)


def test_a_thousand_agents_tell_the_truth_under_vcg_and_overstate_without_payments() -> None:
    for mechanism, factor, lossless in (("vcg", 1.0, True), ("no_payment", 4.0, False)):
        game = symmetric_game(*crowd(mechanism, (500, 300, 200), weight=0.01))
        (found,) = symmetric_nash(game).equilibria
        assert [MARKET_MENU[int(x.argmax())] for x in found.profile] == [factor] * 3
        assert (abs(found.welfare_loss) < 1e-9) == lossless
        limit = symmetric_nash(MeanField.of(*crowd(mechanism, (500, 300, 200), weight=0.01)))
        assert [int(x.argmax()) for x in limit.equilibria[0].profile] == [int(x.argmax()) for x in found.profile]


@pytest.mark.parametrize("mechanism", ["vcg", "no_payment"])
def test_small_agents_gain_by_lying_what_the_mean_field_says(mechanism: str) -> None:
    """(u_a - u_truth) beta / w^2 tends to the bracket's difference, and its error falls as 1 / N."""
    errors = []
    for size in (10, 100, 1000):
        parts = crowd(mechanism, (size, size), weight=1 / size)
        game, limit = symmetric_game(*parts), MeanField.of(*parts)
        profile = (np.array([1.0, 0, 0, 0]), np.array([0, 0, 1.0, 0]))
        scale = 0.5 * size**2
        finite = [scale * (v - v[0]) for v in game.values(profile)]
        infinite = [v - v[0] for v in limit.values(profile)]
        errors.append(max(np.abs(a - b).max() for a, b in zip(finite, infinite, strict=True)))
    assert errors[2] < errors[1] / 8 < errors[0] / 50
    assert errors[2] < 2e-2


def test_the_mean_field_refuses_what_it_was_not_derived_for() -> None:
    for mechanism in ("egalitarian", "pay_as_reported"):
        with pytest.raises(ValueError, match="worked out for"):
            MeanField.of(*crowd(mechanism, (3, 3)))
