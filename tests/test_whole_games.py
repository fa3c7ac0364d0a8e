"""Empirical games whose actions are strategies."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.empirical.regret import regrets
from simulate.empirical.sampled import Sampled
from simulate.empirical.whole_games import whole_games
from simulate.errors import BadInput
from simulate.load import load
from simulate.repeated_game import play

STRATEGIES = ["truthful", {"name": "overstate", "factor": 4.0}, {"name": "noisy", "scale": 0.3}]
TWINS = {
    "reference": [0.2, 0.3, 0.5],
    "agents": [
        {"name": "a", "rewards": [1.0, 0.2, 0.0], "count": 2},
        {"name": "b", "rewards": [0.0, 0.3, 1.0]},
    ],
    "messages": {"rewards": "max_one", "max_weight": 10.0},
    "mechanism": {"beta": 0.4, "payment": "zero"},
    "rounds": 6,
    "replicates": 5,
    "seed": 3,
}


def test_every_cell_is_the_game_played_with_those_strategies() -> None:
    samples = whole_games(load(TWINS), STRATEGIES)
    assert samples.payoffs.shape == (5, 3, 3, 3, 3)
    assert samples.players == ("a-1", "a-2", "b")
    spelled = {**TWINS, "agents": [{**TWINS["agents"][0], "count": 1, "name": name} for name in ("a-1", "a-2")]}
    spelled["agents"].append(TWINS["agents"][1])
    for cell in ((0, 0, 0), (0, 1, 2), (1, 2, 0)):  # already in order, so played as they are
        history = play(spelled, {f"agents.{i}.strategy": STRATEGIES[a] for i, a in enumerate(cell)})
        np.testing.assert_allclose(samples.payoffs[:, :, *cell], history.of("utility").mean(0))
        np.testing.assert_allclose(samples.welfare[:, *cell], history.of("objective").mean(0))


def test_twins_who_swap_strategies_swap_payoffs() -> None:
    payoffs = whole_games(load(TWINS, {"mechanism.payment": "affine_maximizer"}), STRATEGIES).payoffs
    np.testing.assert_array_equal(payoffs[:, 0], np.swapaxes(payoffs[:, 1], 1, 2))
    np.testing.assert_array_equal(payoffs[:, 2], np.swapaxes(payoffs[:, 2], 1, 2))
    assert abs(payoffs[:, 0] - payoffs[:, 1]).max() > 0.01


def test_overstating_is_the_equilibrium_without_payments_and_truth_with_them() -> None:
    for payment, best in (("zero", 1), ("affine_maximizer", 0)):
        game = whole_games(load(TWINS, {"mechanism.payment": payment}), STRATEGIES[:2]).game()
        everybody = tuple(np.eye(2)[best] for _ in range(3))
        assert regrets(game, everybody).max() <= 1e-12
        assert game.optimum - game.welfare[(best,) * 3] == pytest.approx(0, abs=1e-12) or payment == "zero"
        assert (game.optimum - game.welfare[1, 1, 1] > 0.01) or payment != "zero"


def test_intervals_cover_the_regret_of_the_true_means() -> None:
    """Of 200 samples of a game with a known regret of 0.3, most intervals contain it."""
    rng = np.random.default_rng(0)
    true = np.array([[[1.0, 0.0], [1.3, 0.5]], [[1.0, 1.0], [1.0, 1.0]]])
    profile = (np.array([1.0, 0.0]), np.array([1.0, 0.0]))
    inside = 0
    for seed in range(200):
        payoffs = true + 0.2 * rng.normal(size=(30, *true.shape))
        samples = Sampled(payoffs, payoffs.sum(1), payoffs.sum(1).max((1, 2)), ("x", "y"), (("a", "b"),) * 2)
        (low, high), _ = samples.regret_intervals(profile, seed)
        inside += low <= 0.3 <= high
    assert 178 <= inside <= 199  # 95 % of 200 is 190, with a standard error of 3


def test_errors_shrink_with_replicates_and_are_absent_for_one() -> None:
    config = load(TWINS, {"replicates": 1})
    assert whole_games(config, STRATEGIES[:2]).game().error is None
    few, many = (whole_games(load(TWINS, {"replicates": b}), STRATEGIES).game().error[0, 2, 2, 2] for b in (10, 160))
    assert 0 < many < 0.5 * few


def test_too_many_agents_or_games_are_refused_in_a_sentence() -> None:
    with pytest.raises(BadInput, match="2 to 6 agents"):
        whole_games(load("three_crowds"), ["truthful"])
    with pytest.raises(BadInput, match="at most 4,096"):
        whole_games(load("two_camps"), ["truthful"] * 17)
