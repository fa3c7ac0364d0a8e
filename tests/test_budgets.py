"""Where the money goes: rebates, the sink, expected externalities, MOSAIC's offset."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mechanisms import DIVERGENCES, PAYMENT_RULES, Recipe
from mechanisms.base import Mechanism
from mechanisms.deviation import deviation_utilities
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.agv import agv
from mechanisms.payments.bailey import bailey
from mechanisms.payments.cavallo import cavallo, domain
from mechanisms.payments.mosaic import mosaic
from mechanisms.payments.sink import sink
from mechanisms.prior import Prior
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from tests.billing import ROUNDING, SOLVED, best_gain, market, paid, rule_for
from tests.games import Game, games, random_lies


def test_bailey_by_hand_and_its_deficits() -> None:
    """The rebate from markets rebuilt without the agent; deficits at a small beta, none at a large one."""
    reference, truth = market(4, 5, 100)
    shares = {}
    for beta in (0.05, 2.0):
        train = rule_for("bailey", beta)
        policy = train(reference, truth)
        full = affine_maximizer(train, reference, truth, policy)
        for i in range(4):
            rest = [j for j in range(4) if j != i]
            smaller = Valuation(truth.rewards[:, rest], truth.weights[:, rest])
            collected = affine_maximizer(train, reference, smaller, train(reference, smaller)).sum(-1)
            by_hand = full[:, i] - collected / 4
            assert torch.allclose(bailey(train, reference, truth, policy)[:, i], by_hand, atol=ROUNDING)
        shares[beta] = (bailey(train, reference, truth, policy).sum(-1) < -ROUNDING).double().mean().item()
    assert shares[0.05] > 0.2
    assert shares[2.0] == 0.0


@settings(max_examples=15)
@given(seed=st.integers(0, 2**31), n=st.integers(2, 4), beta=st.floats(0.03, 2.0))
def test_cavallo_has_no_deficit_while_types_are_in_the_public_set(seed: int, n: int, beta: float) -> None:
    reference, _ = market(n, 4, 1, seed)
    prior = Prior(samples=8)
    types = domain(reference, prior)
    picked = torch.randint(len(types.weights), (20, n), generator=torch.Generator().manual_seed(seed))
    truth, train = Valuation(types.rewards[picked], types.weights[picked]), rule_for("cavallo", beta)
    policy = train(reference, truth)
    full = affine_maximizer(train, reference, truth, policy)
    bill = cavallo(train, reference, truth, policy, prior=prior)
    assert (bill.sum(-1) >= -ROUNDING).all()
    assert (bill <= full + ROUNDING).all()


@pytest.mark.parametrize(("n", "beta"), [(2, 0.1), (3, 0.1), (3, 0.3), (4, 0.1)])
def test_cavallos_slack_on_types_outside_the_set_is_small(n: int, beta: float) -> None:
    """1000 random games in the prior's box, 64 draws: deficits are rare and below 1 % of the mean revenue."""
    reference, truth = market(n, 4, 1000)
    train = rule_for("cavallo", beta)
    policy = train(reference, truth)
    collected = affine_maximizer(train, reference, truth, policy).sum(-1)
    kept = cavallo(train, reference, truth, policy).sum(-1)
    assert kept.min() >= -0.01 * collected.mean()
    assert (kept < -ROUNDING).double().mean() <= 0.005
    assert (kept < collected - 1e-3).double().mean() > 0.2  # something is returned


@pytest.mark.parametrize("divergence", DIVERGENCES)
@settings(max_examples=10)
@given(game=games())
def test_sink_balances_and_truth_is_dominant_among_those_present(divergence: str, game: Game) -> None:
    mechanism = Mechanism(rule_for("sink", game.beta, divergence), sink)
    bill = mechanism(game.reference, game.truth).payments
    assert bill.sum().abs() <= ROUNDING
    assert (bill[game.truth.weights == 0] == 0).all()
    lies = random_lies(game, 20)
    present = Valuation(lies.rewards, torch.where(game.truth.weights > 0, lies.weights.clamp(min=0.01), 0.0))
    bound = ROUNDING if mechanism.train.fine_tuner.divergence.optimum is not None else SOLVED
    assert best_gain(mechanism, game.reference, game.truth, present).max() <= bound


def test_sink_by_hand() -> None:
    reference, truth = market(3, 4, 1)
    reports, train, total = (
        Valuation(truth.rewards[0], truth.weights[0]),
        rule_for("sink", 0.3),
        torch.zeros(3).double(),
    )
    welfare = rule_for("affine_maximizer", 0.3)
    for a in range(3):
        rest = [j for j in range(3) if j != a]
        bill = paid(welfare, "affine_maximizer", reference, Valuation(reports.rewards[rest], reports.weights[rest]))
        total[rest] += bill / 3
        total[a] -= bill.sum() / 3
    assert torch.allclose(paid(train, "sink", reference, reports), total, atol=ROUNDING)
    assert total.abs().max() > 1e-3


def test_leaving_the_sinks_lot_can_pay() -> None:
    """Truth is not dominant against absence: two opponents, the reference much to the taste of the one who stays away.

    Present, it gets half of V(r) - beta log E[exp(-r / beta)], absent E[r]; by hand 0.8539 against 0.9.
    """
    reference = Reference.of(torch.tensor([[0.9, 0.1]], dtype=torch.float64))
    truth = Valuation(torch.eye(2, dtype=torch.float64)[:, None], torch.ones(2, dtype=torch.float64))
    gone = Valuation(truth.rewards[None], torch.zeros(1, 2, dtype=torch.float64))
    gain = best_gain(Mechanism(rule_for("sink", 0.5), sink), reference, truth, gone)
    assert gain[0].item() == pytest.approx(0.9 - 0.8539, abs=1e-4)


@given(game=games(), seed=st.integers(0, 2**31))
def test_agv_balances_and_truth_is_best_on_average_over_the_prior(game: Game, seed: int) -> None:
    """Interim regret under the finite prior itself: the others are its draws, all equally likely."""
    n = len(game.truth.weights)
    assume(n > 1)
    prior = Prior(samples=8, seed=seed % 1000)
    train = rule_for("agv", game.beta)
    assert paid(train, "agv", game.reference, game.truth).sum().abs() <= ROUNDING * n
    strangers = prior.strangers(game.reference, n - 1)
    own = Valuation(game.truth.rewards[:1].expand(8, -1, -1, -1), game.truth.weights[:1].expand(8, -1))
    profiles = Valuation(torch.cat([own.rewards, strangers.rewards], 1), torch.cat([own.weights, strangers.weights], 1))
    lies = random_lies(game, 30)
    first = Valuation(lies.rewards[:, :1, None].expand(-1, -1, 8, -1, -1), lies.weights[:, :1, None].expand(-1, -1, 8))
    mechanism = Mechanism(train, partial(agv, prior=prior))
    honest = Valuation(own.rewards.movedim(1, 0)[None], own.weights.movedim(1, 0)[None])
    told = deviation_utilities(mechanism, game.reference, profiles, profiles, slice(0, 1), honest).mean(-1)
    lied = deviation_utilities(mechanism, game.reference, profiles, profiles, slice(0, 1), first).mean(-1)
    assert (lied.amax(0) - told[0]).max() <= ROUNDING


def test_agv_by_hand_its_lone_agent_and_a_profitable_lie_ex_post() -> None:
    reference, truth = market(2, 4, 60)
    train, prior = rule_for("agv", 0.3), Prior(samples=5)
    policy = train(reference, truth)
    bill = agv(train, reference, truth, policy, prior=prior)
    stranger, externality = prior.strangers(reference, 1), torch.zeros(2).double()
    for i in range(2):
        for s in range(5):
            rewards = torch.stack([truth.rewards[0, i], stranger.rewards[s, 0]])
            met = train(reference, Valuation(rewards, torch.ones(2).double()))
            worth = reference.expectation(met, rewards[1]) - 0.3 * train.divergence(reference, met)
            externality[i] += worth / 5
    assert torch.allclose(bill[0], externality.flip(0) - externality, atol=ROUNDING)
    lone = Valuation(truth.rewards[:, :1], truth.weights[:, :1])
    assert torch.equal(paid(train, "agv", reference, lone), torch.zeros(60, 1).double())
    rng = torch.Generator().manual_seed(3)
    lies = Valuation(torch.rand(50, 2, 60, 1, 4, generator=rng).double(), torch.ones(50, 2, 60).double())
    assert best_gain(Mechanism(train, PAYMENT_RULES["agv"]), reference, truth, lies).max() > 0.01


@given(game=games(), seed=st.integers(0, 1000))
def test_mosaic_on_one_sample_is_the_affine_maximizer(game: Game, seed: int) -> None:
    fine_tuner = {"name": "replies", "samples": 6, "seed": seed}
    recipe = Recipe(beta=game.beta, fine_tuner=fine_tuner, payment={"name": "mosaic", "samples": 6, "seed": seed})
    basic = recipe.but(payment="affine_maximizer").build()(game.reference, game.truth)
    assert torch.equal(recipe.build()(game.reference, game.truth).payments, basic.payments)


def test_mosaic_utility_tends_to_the_marginal_contribution() -> None:
    """400 pairs of samples: the mean utility is V(S_N) - V(S_-i), deviations of the order 1 / sqrt M."""
    reference, truth = market(3, 40, 1)
    reports = Valuation(truth.rewards[0], truth.weights[0])
    exact = rule_for("affine_maximizer", 0.3)
    contribution = exact.value(reference, reports) - exact.value(reference, reports.others())
    deviation, negative = {}, False
    for samples in (20, 320):
        drawn = []
        for seed in range(0, 800, 2):
            train = Recipe(beta=0.3, fine_tuner={"name": "replies", "samples": samples, "seed": seed}).build().train
            policy = train(reference, reports)
            bill = mosaic(train, reference, reports, policy, samples=samples, seed=seed + 1)
            drawn.append(reports.weights * reports.expected_rewards(reference, policy) - bill)
            negative |= bool((bill < -1e-3).any())
        utilities = torch.stack(drawn)
        deviation[samples] = utilities.std(0).mean().item()
        error = (utilities.mean(0) - contribution).abs().max().item()
        # V_M underestimates V by O(1 / M), with and without i alike; the rest is the noise of 400 draws
        assert error <= 4 * deviation[samples] / 20 + 0.5 / samples
    assert 3 < deviation[20] / deviation[320] < 5.5
    assert negative


def test_the_prior_draws_from_its_range_and_a_constant_is_charged() -> None:
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    drawn = Prior(samples=500, low=1.0, high=2.0).strangers(reference, 2).rewards
    assert 1.0 <= drawn.min() < 1.05
    assert 1.95 < drawn.max() <= 2.0
    reports = Valuation(drawn[0], torch.ones(2, dtype=torch.float64))
    free, charged = (
        Recipe(payment={"name": "groves", "constant": c}).build()(reference, reports).payments for c in (0.0, 3.0)
    )
    assert torch.allclose(charged - free, torch.full((2,), 3.0, dtype=torch.float64))
