"""Equilibria of the whole report space, and the certificates that they carry."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mechanisms.base import utility
from mechanisms.catalogue import MECHANISMS
from mechanisms.valuation import Valuation
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.payoffs import payoffs
from simulate.equilibria.base import Answer
from simulate.equilibria.nash import nash
from simulate.equilibria.search.best_response import best_response
from simulate.equilibria.search.certificate import Market, played_against
from simulate.equilibria.search.double_oracle import double_oracle
from simulate.load import load
from simulate.scenario import build
from strategies.menus.overstate import overstate


def market(mechanism: str) -> Market:
    scenario = build(load("two_camps", {"replicates": 1}))
    truth = Valuation(scenario.truth.rewards[0], scenario.truth.weights[0])
    return Market(MECHANISMS[mechanism].but(beta=0.3).build(), scenario.reference, truth, scenario.messages)


def truths(here: Market) -> list[Valuation]:
    return [here.truth.of(slice(i, i + 1)) for i in range(3)]


NAMES = ("left", "right", "moderate")


def grown(here: Market, **options):
    return double_oracle(here, truths(here), (("truth",),) * 3, NAMES, nash, **options)


def test_under_vcg_the_truth_alone_is_an_equilibrium_of_all_reports() -> None:
    found = grown(market("vcg"))
    assert found.stopped is None
    assert found.game.sizes == (1, 1, 1)
    assert found.certificate.epsilon <= 1e-9
    assert abs(found.equilibrium.welfare_loss) <= 1e-12
    assert found.certificate.tried > 10_000


@pytest.mark.parametrize("mechanism", ["no_payment", "pay_as_reported"])
def test_elsewhere_menus_grow_until_no_lie_found_pays_and_welfare_is_lost(mechanism: str) -> None:
    here = market(mechanism)
    found = grown(here, epsilon=1e-4)
    assert found.stopped is None
    assert min(found.game.sizes) > 1
    assert found.certificate.epsilon <= 1e-4
    assert found.equilibrium.regrets.max() <= 1e-9
    assert found.equilibrium.welfare_loss > 0.05


def test_a_grown_game_is_the_game_of_its_menus_made_at_once() -> None:
    here = market("no_payment")
    found = grown(here, epsilon=1e-3)
    truth = Valuation(here.truth.rewards[None], here.truth.weights[None])
    menus = [Valuation(menu.rewards[:, None], menu.weights[:, None]) for menu in found.menus]
    whole = payoffs(here.mechanism, here.reference, truth, range(3), menus)
    np.testing.assert_allclose(found.game.payoffs, whole.utilities[0], atol=1e-12)


def test_best_responses_end_at_the_truth_or_where_nobody_gains() -> None:
    honest = best_response(market("vcg"))
    assert honest.stopped is None
    assert torch.equal(honest.reports.rewards, market("vcg").truth.rewards)
    here = market("no_payment")
    found = best_response(here, epsilon=1e-5)
    assert found.stopped is None
    assert found.certificate.epsilon <= 1e-5
    assert found.welfare_loss > 0.05
    plain = utility(here.reference, here.truth, here.mechanism(here.reference, found.reports))
    np.testing.assert_allclose(found.utilities, plain, atol=1e-12)


def test_a_search_that_meets_its_cap_says_so() -> None:
    here = market("pay_as_reported")
    found = grown(here, epsilon=1e-9, most=1)
    assert "after 1 rounds" in found.stopped
    assert found.certificate.epsilon > 1e-9
    assert "after 1 sweeps" in best_response(here, epsilon=1e-9, most=1).stopped
    with pytest.raises(ValueError, match="epsilon is 0"):
        grown(here, epsilon=0)


def test_a_game_that_cannot_be_solved_is_said_to_be_unsolved() -> None:
    here = market("vcg")

    def tired(game: NormalForm) -> Answer:
        return Answer((), False, "the clock ran out")

    found = double_oracle(here, truths(here), (("truth",),) * 3, NAMES, tired)
    assert found.equilibrium is None
    assert found.stopped == "the clock ran out"


def test_what_an_agent_meets_is_every_combination_of_the_others() -> None:
    here = market("vcg")
    menus = [
        Valuation(m.rewards[:, 0].expand(6, 1, 6), m.weights[:, 0])
        for i in range(3)
        for m in [overstate(here.truth.of(slice(i, i + 1)), here.messages)]
    ]
    profile = (np.array([0.5, 0, 0.5, 0, 0, 0]), np.array([0, 1.0, 0, 0, 0, 0]), np.full(6, 1 / 6))
    met = played_against(menus, profile, 1)
    assert len(met.shares) == 12
    np.testing.assert_allclose(met.shares, 1 / 12)
    assert sorted(set(met.reports.weights[:, 0].tolist())) == sorted({2.0, 1.0})


def test_what_an_agent_meets_comes_as_often_as_it_is_played() -> None:
    here = market("vcg")
    menus = [
        Valuation(here.truth.rewards[[i, i]], here.truth.weights[[i, i]] * torch.tensor([1.0, 2.0]).double())
        for i in range(3)
    ]
    met = played_against(menus, (np.array([0.9, 0.1]), np.array([0.5, 0.5]), np.array([0.2, 0.8])), 1)
    found = {(float(w[0]), float(w[2])): float(s) for w, s in zip(met.reports.weights, met.shares, strict=True)}
    assert found == pytest.approx({(2.0, 1.0): 0.18, (2.0, 2.0): 0.72, (4.0, 1.0): 0.02, (4.0, 2.0): 0.08})
