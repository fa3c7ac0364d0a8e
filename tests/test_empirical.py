"""Payoffs of every profile of reports: by matrix products, through the mechanism, and one profile at a time."""

from __future__ import annotations

from itertools import product
from math import prod

import numpy as np
import pytest
import torch
from games import Game, games, random_lies
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms.base import utility
from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.benchmarks import base
from simulate.empirical import payoffs as module
from simulate.empirical import played as played_module
from simulate.empirical import products
from simulate.empirical.factorised import factorised
from simulate.empirical.menus import menus
from simulate.empirical.payoff_table import Payoffs
from simulate.empirical.payoffs import grown, payoffs
from simulate.empirical.played import played
from simulate.empirical.products import Deal
from simulate.empirical.report_game import report_game
from simulate.load import load
from simulate.scenario import build

CLOSE = 1e-10
PAYMENTS = ("affine_maximizer", "zero")


def market(game: Game, sizes: list[int], replicates: int = 1) -> tuple[Reference, Valuation, list[Valuation]]:
    """A game's reference with uneven prompts, truths that differ by replicate, and reports with the truth in front."""
    rng = torch.Generator().manual_seed(game.seed)
    shares = torch.rand(game.reference.policy.shape[0], generator=rng, dtype=torch.float64) + 0.1
    factors = 1 + torch.arange(replicates, dtype=torch.float64)[:, None, None, None] / 7
    truth = Valuation(game.truth.rewards * factors, game.truth.weights.expand(replicates, -1))
    lies = random_lies(game, max(sizes))
    menus = []
    for agent, size in enumerate(sizes):
        lied = lies.rewards[: size - 1, agent, None] * factors[:, 0]
        heavy = lies.weights[: size - 1, agent, None].expand(-1, replicates)
        menus.append(
            Valuation(
                torch.cat([truth.rewards[None, :, agent], lied]), torch.cat([truth.weights[None, :, agent], heavy])
            )
        )
    return Reference(game.reference.policy, shares / shares.sum()), truth, menus


def agree(one: Payoffs, other: Payoffs, tolerance: float = CLOSE) -> None:
    for name in ("utilities", "welfare", "revenue"):
        assert getattr(one, name).shape == getattr(other, name).shape
        assert (getattr(one, name) - getattr(other, name)).abs().max() <= tolerance, name


def sizes_of(game: Game) -> list[int]:
    """From 1 to 4 reports, by agent."""
    return [1 + (game.seed // 4**i) % 4 for i in range(len(game.truth.weights))]


@pytest.mark.parametrize("payment", PAYMENTS)
@given(game=games(max_agents=4, min_agents=2), replicates=st.integers(1, 3))
def test_products_are_what_the_mechanism_does(payment: str, game: Game, replicates: int) -> None:
    mechanism = Recipe(payment=payment, beta=0.6 + game.beta).build()  # four agents' exponents stay below 600
    reference, truth, menus = market(game, sizes_of(game), replicates)
    everyone = range(len(menus))
    found = factorised(mechanism, reference, truth, everyone, menus)
    assert found is not None
    agree(found, played(mechanism, reference, truth, everyone, menus))


@pytest.mark.parametrize("payment", PAYMENTS)
def test_six_agents_and_rewards_that_a_menu_keeps_once(payment: str) -> None:
    rng = torch.Generator().manual_seed(0)
    reference = Reference.of(torch.full((1, 5), 0.2, dtype=torch.float64))
    rewards = torch.rand(2, 6, 1, 5, generator=rng, dtype=torch.float64)
    truth = Valuation(rewards, torch.rand(2, 6, generator=rng, dtype=torch.float64))
    factors = torch.tensor([1.0, 0.5, 3.0], dtype=torch.float64)[:, None]
    menus = [Valuation(rewards[None, :, i], factors[: 1 + i % 3] * truth.weights[:, i]) for i in range(6)]
    mechanism = Recipe(payment=payment, beta=0.2).build()
    found = factorised(mechanism, reference, truth, range(6), menus)
    assert found is not None
    agree(found, played(mechanism, reference, truth, range(6), menus))


@pytest.mark.parametrize("payment", PAYMENTS)
@given(game=games(max_agents=4, min_agents=2))
@settings(max_examples=20)
def test_blocks_and_portions_change_nothing(payment: str, game: Game) -> None:
    mechanism = Recipe(payment=payment, beta=0.6 + game.beta).build()
    reference, truth, menus = market(game, [3, 2, 2, 3][: len(game.truth.weights)], 3)
    whole = payoffs(mechanism, reference, truth, range(len(menus)), menus)
    loop = played(mechanism, reference, truth, range(len(menus)), menus)
    with pytest.MonkeyPatch.context() as patch:
        for where, name in ((products, "ROWS"), (products, "CELLS"), (played_module, "CELLS")):
            patch.setattr(where, name, 1)
        patch.setattr("simulate.empirical.factorised.CELLS", 1)
        agree(payoffs(mechanism, reference, truth, range(len(menus)), menus), whole, 1e-12)
        agree(played(mechanism, reference, truth, range(len(menus)), menus), loop, 1e-12)


@pytest.mark.parametrize("payment", PAYMENTS)
@given(game=games(max_agents=4, min_agents=2))
@settings(max_examples=20)
def test_permuting_players_permutes_the_table(payment: str, game: Game) -> None:
    mechanism = Recipe(payment=payment, beta=0.6 + game.beta).build()
    reference, truth, menus = market(game, sizes_of(game))
    n = len(menus)
    order = torch.randperm(n, generator=torch.Generator().manual_seed(game.seed)).tolist()
    straight = payoffs(mechanism, reference, truth, range(n), menus)
    turned = payoffs(mechanism, reference, truth, order, [menus[i] for i in order])
    axes = [1 + i for i in order]
    expected = Payoffs(
        straight.utilities[:, order].permute(0, 1, *(1 + axis for axis in axes)),
        straight.welfare.permute(0, *axes),
        straight.revenue.permute(0, *axes),
    )
    agree(turned, expected)


@pytest.mark.parametrize("divergence", ["kl", "chi_squared"])
@pytest.mark.parametrize("payment", PAYMENTS)
def test_who_does_not_play_tells_the_truth(payment: str, divergence: str) -> None:
    mechanism = Recipe(payment=payment, beta=0.4, divergence=divergence).build()
    rng = torch.Generator().manual_seed(3)
    truth = Valuation(torch.rand(2, 4, 2, 5, generator=rng).double(), 2 * torch.rand(2, 4, generator=rng).double())
    reference = Reference.of(torch.full((2, 5), 0.2, dtype=torch.float64))
    lies = [Valuation(torch.rand(3, 2, 2, 5, generator=rng).double(), torch.ones(3, 2).double()) for _ in range(4)]
    honest = [Valuation(truth.rewards[None, :, i], truth.weights[None, :, i]) for i in range(4)]
    everybody = payoffs(mechanism, reference, truth, range(4), [honest[0], lies[1], honest[2], lies[3]])
    two = payoffs(mechanism, reference, truth, [3, 1], [lies[3], lies[1]])
    assert two.utilities.shape == (2, 2, 3, 3)
    assert torch.allclose(two.utilities, everybody.utilities[:, [3, 1], 0, :, 0].transpose(-1, -2), atol=CLOSE)
    assert torch.allclose(two.welfare, everybody.welfare[:, 0, :, 0].transpose(-1, -2), atol=CLOSE)


@given(game=games(max_agents=4, min_agents=2))
def test_truth_is_dominant_under_vcg_at_every_profile(game: Game) -> None:
    mechanism = Recipe(payment="affine_maximizer", beta=game.beta).build()
    reference, truth, menus = market(game, sizes_of(game))
    found = payoffs(mechanism, reference, truth, range(len(menus)), menus)
    for i in range(len(menus)):
        own = found.utilities[0, i].movedim(i, 0)
        assert (own - own[:1]).max() <= 1e-9
    best = mechanism.train.value(reference, truth)
    assert abs(found.welfare.flatten()[0] - best) <= 1e-9
    assert (found.welfare - best).max() <= 1e-9
    assert found.revenue.min() >= -1e-9


@pytest.mark.parametrize("payment", PAYMENTS)
def test_reports_too_far_apart_for_floating_point_go_through_the_mechanism(payment: str) -> None:
    """Two agents want opposite things, ever more: beyond 600 beta the factors could vanish where they meet."""
    reference = Reference.of(torch.tensor([[0.5, 0.3, 0.2]], dtype=torch.float64))
    truth = Valuation(
        torch.tensor([[[[1.0, 0.0, 0.5]], [[0.0, 1.0, 0.2]]]], dtype=torch.float64), torch.ones(1, 2).double()
    )
    for weight, inside in ((29.9, True), (30.1, False), (1e5, False)):
        menus = [
            Valuation(truth.rewards[None, :, i], torch.tensor([[1.0], [weight]], dtype=torch.float64)) for i in range(2)
        ]
        mechanism = Recipe(payment=payment, beta=0.1).build()
        assert (factorised(mechanism, reference, truth, range(2), menus) is not None) == inside
        found = payoffs(mechanism, reference, truth, range(2), menus)
        agree(found, played(mechanism, reference, truth, range(2), menus), 1e-10 * weight)
        assert torch.isfinite(found.utilities).all()


@pytest.mark.parametrize("payment", PAYMENTS)
def test_only_differences_of_rewards_are_exponents(payment: str) -> None:
    rng = torch.Generator().manual_seed(5)
    rewards = torch.rand(1, 2, 1, 4, generator=rng, dtype=torch.float64) - torch.tensor([300.0, -300.0])[:, None, None]
    truth, reference = Valuation(rewards, torch.ones(1, 2).double()), Reference.of(torch.full((1, 4), 0.25).double())
    menus = [Valuation(rewards[:, None, i] + torch.arange(3.0)[:, None, None, None], torch.ones(3, 1)) for i in (0, 1)]
    mechanism = Recipe(payment=payment, beta=0.1).build()
    found = factorised(mechanism, reference, truth, range(2), menus)
    assert found is not None
    agree(found, played(mechanism, reference, truth, range(2), menus), 1e-10 * 300)


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe("egalitarian", divergence="chi_squared", payment="zero", beta=0.5),
        Recipe(divergence="chi_squared", payment="affine_maximizer", beta=0.5),
        Recipe("nash_welfare", payment="zero", beta=0.5),
        Recipe("median", payment="zero", beta=0.5),
        Recipe(payment="pay_as_reported", beta=0.5),
        Recipe({"name": "social_welfare", "status_quo": 0.5}, payment="affine_maximizer", beta=0.5),
    ],
    ids=["egalitarian", "chi_squared", "nash_welfare", "median", "pay_as_reported", "status_quo"],
)
def test_any_other_mechanism_is_called_profile_by_profile(recipe: Recipe) -> None:
    mechanism = recipe.build()
    rng = torch.Generator().manual_seed(1)
    truth = Valuation(torch.rand(2, 3, 1, 4, generator=rng).double(), 0.5 + torch.rand(2, 3, generator=rng).double())
    reference = Reference.of(torch.tensor([[0.4, 0.3, 0.2, 0.1]], dtype=torch.float64))
    sizes = (2, 1, 3)
    menus = [Valuation(torch.rand(a, 2, 1, 4, generator=rng).double(), torch.ones(a, 2).double()) for a in sizes]
    assert factorised(mechanism, reference, truth, range(3), menus) is None
    found = payoffs(mechanism, reference, truth, range(3), menus)
    for profile in product(*map(range, sizes)):
        chosen = list(zip(menus, profile, strict=True))
        reports = Valuation(
            torch.stack([menu.rewards[a] for menu, a in chosen], 1),
            torch.stack([menu.weights[a] for menu, a in chosen], 1),
        )
        outcome = mechanism(reference, reports)
        at = (slice(None), *profile)
        expected = utility(reference, truth, outcome)
        assert torch.allclose(found.utilities.movedim(1, -1)[at], expected, atol=1e-9)
        assert torch.allclose(found.welfare[at], mechanism.train.objective(reference, truth, outcome.policy), atol=1e-9)
        assert torch.allclose(found.revenue[at], outcome.payments.sum(-1), atol=1e-9)


@pytest.mark.parametrize("payment", [*PAYMENTS, "pay_as_reported"])
@given(game=games(max_agents=3, min_agents=2), which=st.integers(0, 2))
@settings(max_examples=20)
def test_a_new_report_costs_its_slice_alone(payment: str, game: Game, which: int) -> None:
    mechanism = Recipe(payment=payment, beta=0.6 + game.beta).build()
    n = len(game.truth.weights)
    place = which % n
    reference, truth, menus = market(game, [4] * n)
    old = [Valuation(m.rewards[:3], m.weights[:3]) if i == place else m for i, m in enumerate(menus)]
    more = Valuation(menus[place].rewards[3:], menus[place].weights[3:])
    known = payoffs(mechanism, reference, truth, range(n), old)
    evaluated = []

    def counted(*given: object) -> Payoffs:
        answer = payoffs(*given)
        evaluated.append(answer.welfare.numel())
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "payoffs", counted)
        longer = grown(known, mechanism, reference, truth, range(n), old, place, more)
    assert evaluated == [4 ** (n - 1)]
    agree(longer, payoffs(mechanism, reference, truth, range(n), menus))


@given(sizes=st.lists(st.integers(1, 9), min_size=1, max_size=6))
def test_a_deal_leaves_nobody_out_and_undoes_itself(sizes: list[int]) -> None:
    deal = Deal.of(sizes, range(len(sizes)))
    assert sorted(deal.rows + deal.columns) == list(range(len(sizes)))
    assert deal.rows
    whole = torch.arange(prod(sizes)).reshape(sizes)
    dealt = whole.permute(*deal.rows, *deal.columns).reshape(deal.height, deal.width)
    assert torch.equal(deal.restored(dealt), whole)


def test_a_peer_that_does_a_share_of_the_work_is_scaled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "_seconds", lambda action: action())
    timing = base.timed("x", base.Benchmark("ours", "peer", lambda: (lambda: 3.0, lambda: 2.0), 1.0, 1, share=0.01))
    assert timing.peer_s == 200.0
    assert timing.ratio == 0.015


def test_truths_that_differ_between_replicates_make_a_game_of_means_with_errors() -> None:
    told = {"replicates": 4, "mechanism": "no_payment"}
    scenario = build(load("unequal_agents", told))
    samples = report_game(scenario, ["overstate"])
    game = samples.game()
    assert samples.payoffs.shape[0] == 4
    assert game.error is not None
    assert game.error.max() > 0
    for replicate in range(4):
        alone = report_game(build(load("unequal_agents", told), replicates=[replicate]), ["overstate"]).game()
        np.testing.assert_allclose(samples.payoffs[replicate], alone.payoffs, atol=1e-12)
    np.testing.assert_allclose(game.payoffs, samples.payoffs.mean(0), atol=1e-12)
    np.testing.assert_allclose(game.optimum, samples.optimum.mean(), atol=1e-12)


def test_profiles_are_halved_until_memory_holds_them_and_refused_when_it_never_does(monkeypatch) -> None:
    scenario = build(load("two_camps", {"replicates": 1, "mechanism": "egalitarian"}))
    own = [menu.reports for menu in menus(scenario.truth, scenario.messages, ["sharpen"])][:2]
    parts = (scenario.mechanism, scenario.reference, scenario.truth, [0, 1], own)
    expected, honest = played(*parts), played_module._some

    def narrow(limit: int):
        def some(*given):
            if len(given[-1][0]) > limit:
                raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
            return honest(*given)

        return some

    monkeypatch.setattr(played_module, "_some", narrow(3))
    torch.testing.assert_close(played(*parts).utilities, expected.utilities)
    monkeypatch.setattr(played_module, "_some", narrow(0))
    with pytest.raises(ValueError, match="fewer --replicates"):
        played(*parts)
