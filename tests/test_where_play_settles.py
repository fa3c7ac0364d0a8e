"""Where learning agents end up, how fast, and what society loses there: computed, and then played."""

from __future__ import annotations

import numpy as np
import pytest

from simulate.empirical.menus import menus
from simulate.empirical.normal_form import NormalForm, pure
from simulate.empirical.regret import regrets
from simulate.empirical.report_game import report_game
from simulate.equilibria.nash import nash
from simulate.equilibria.pure_nash import pure_nash
from simulate.load import load
from simulate.repeated_game import play
from simulate.scenario import build

NO_REGRET = ["hedge", "optimistic_hedge", "regret_matching", "regret_matching_plus", "internal_regret_matching"]
FREE = {"mechanism.payment": "zero"}


def game_of(payment: str, menu: str = "overstate") -> NormalForm:
    return report_game(build(load("two_camps", {"replicates": 1, "mechanism.payment": payment})), [menu]).game()


def everybody(strategy: object) -> dict[str, object]:
    return {f"agents.{i}.strategy": strategy for i in range(3)}


def test_without_payments_the_only_equilibrium_is_a_lie_that_costs_society() -> None:
    game = game_of("zero")
    (found,) = pure_nash(game).equilibria
    played = [actions[int(x.argmax())] for actions, x in zip(game.actions, found.profile, strict=True)]
    assert played == ["weight x5", "weight x5", "weight x8"]  # 10 is the most that may be said, and 8 x 1
    assert found.welfare_loss > 0.1
    assert found.regrets.max() <= 1e-12


@pytest.mark.parametrize("learner", NO_REGRET)
def test_learners_reach_the_computed_lie(learner: str) -> None:
    history = play("two_camps", {"rounds": 150, "replicates": 4, **FREE, **everybody(learner)})
    settled = history.of("report_weight")[-30:]
    np.testing.assert_allclose(settled, np.broadcast_to([10.0, 10.0, 8.0], settled.shape))
    (found,) = pure_nash(game_of("zero")).equilibria
    np.testing.assert_allclose(history.of("welfare_loss")[-30:], found.welfare_loss, atol=1e-12)
    np.testing.assert_allclose(history.of("utility")[-1, 0], found.utilities, atol=1e-12)


@pytest.mark.parametrize("menu", ["overstate", "polarise", "sharpen"])
def test_with_the_affine_maximizer_truth_is_an_equilibrium_without_loss(menu: str) -> None:
    game = game_of("affine_maximizer", menu)
    truth = pure(game, [0, 0, 0])
    assert regrets(game, truth).max() <= 1e-12
    assert game.optimum - game.welfare[0, 0, 0] == pytest.approx(0, abs=1e-12)
    for i in range(3):  # and dominant: against whatever the others say
        assert (game.own(i)[0] >= game.own(i).max(0) - 1e-12).all()


@pytest.mark.parametrize("learner", NO_REGRET)
@pytest.mark.parametrize("rounds", [400, pytest.param(1600, marks=pytest.mark.slow)])
def test_time_average_loss_falls_as_fast_as_the_promised_regret(learner: str, rounds: int) -> None:
    """Truth is strictly best for everybody whatever the others say, so every lie told is regretted.

    Average regret of order sqrt(log M / T) or better thus takes the time-average loss to 0 at least as fast as
    1 / sqrt(T): a slope of -1/2 on logarithmic scales, 0.05 being left to the constants of a finite horizon.
    """
    history = play("two_camps", {"rounds": rounds, "replicates": 4, "exploitability": 0, **everybody(learner)})
    average = (np.cumsum(history.of("welfare_loss"), 0) / np.arange(1, rounds + 1)[:, None]).mean(1)
    assert average[24] > 1e-3  # they did not begin at the truth
    slope = np.log(average[-1] / average[24]) / np.log(rounds / 25)
    assert slope <= -0.45
    assert history.of("welfare_loss")[-100:].max() <= 1e-9


def test_truth_is_strictly_best_whatever_the_others_say() -> None:
    game = game_of("affine_maximizer")
    assert min(float((game.own(i)[0] - game.own(i)[1:].max(0)).min()) for i in range(3)) > 0


def test_play_without_regret_averages_to_coarse_correlated_play() -> None:
    from simulate.empirical.regret import coarse_regrets

    game = game_of("zero")
    scenario = build(load("two_camps", {"replicates": 1}))
    told = [menu.reports.weights[:, 0].numpy() for menu in menus(scenario.truth, scenario.messages, ["overstate"])]
    gaps = []
    for rounds in (20, 320):
        settings = {"rounds": rounds, "replicates": 1, "exploitability": 0, **FREE, **everybody("regret_matching")}
        weights = play("two_camps", settings).of("report_weight")[:, 0]
        joint = np.zeros(game.sizes)
        actions = [np.abs(weights[:, i, None] - told[i]).argmin(-1) for i in range(3)]
        np.add.at(joint, tuple(actions), 1 / rounds)
        gaps.append(coarse_regrets(game, joint).max())
    assert gaps[1] < gaps[0] / 4
    assert gaps[1] < 0.02 * game.span


def test_five_by_five_by_five_games_are_solved_exactly() -> None:
    for seed in range(10):
        game = NormalForm.of(np.random.default_rng(seed).random((3, 5, 5, 5)))
        found = nash(game).equilibria
        assert found
        assert max(equilibrium.regrets.max() for equilibrium in found) < 1e-8
