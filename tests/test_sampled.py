"""Payments from samples of one trained policy: identities, coverage, the bound for imperfect training, refusals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap
from torch import Tensor

from mechanisms import Recipe
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.cumulant import cumulant
from mechanisms.reference import Reference
from mechanisms.sampled import quantities
from mechanisms.sampled.counterfactual import Counterfactual
from mechanisms.sampled.estimate import Statistic, estimated
from mechanisms.sampled.gap_bound import distance, externality_bound, optimum_bound
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.stated import stated_payments
from mechanisms.sampled.thin import ThinSample, effective_sample_size, effective_samples, is_thin, refuse_thin
from mechanisms.valuation import Valuation
from tests.billing import ROUNDING
from tests.games import Game, games

WEIGHTS = torch.tensor([1.0, 2.0, 0.5], dtype=torch.float64)


@dataclass(frozen=True)
class Known:
    """A finite game whose trained policy is known: every estimate has an exact value."""

    reference: Reference
    reports: Valuation
    policy: Tensor  # [P, K]
    beta: float

    def drawn(self, size: int, repeats: int = 1, seed: int = 0) -> SampledPolicy:
        """Independent samples, ``repeats`` times over: rewards ``[repeats, n, P, size]``."""
        rng = torch.Generator().manual_seed(seed)
        picked = torch.stack(
            [torch.multinomial(law.expand(repeats, -1), size, True, generator=rng) for law in self.policy], 1
        )
        rewards = self.reports.rewards.expand(repeats, -1, -1, -1)
        rows = picked[:, None].expand(-1, rewards.shape[1], -1, -1)
        logs, before = (each.log().expand(repeats, -1, -1) for each in (self.policy, self.reference.policy))
        weights = self.reference.prompt_weights
        return SampledPolicy(rewards.gather(-1, rows), logs.gather(-1, picked), before.gather(-1, picked), weights)

    def one(self, size: int, seed: int = 0) -> SampledPolicy:
        """A single sample: rewards ``[n, P, size]``."""
        many = self.drawn(size, 1, seed)
        logs = (many.log_probabilities[0], many.reference_log_probabilities[0])
        return SampledPolicy(many.rewards[0], *logs, many.prompt_weights)

    def payments(self) -> Tensor:
        train = Recipe(beta=self.beta).build().train
        return cumulant(train, self.reference, self.reports, self.policy)

    def mean(self, policy: Tensor, values: Tensor) -> Tensor:
        return self.reference.expectation(policy, values)


def known(beta: float, seed: int = 1, prompts: int = 2, responses: int = 40, trained: float = 1.0) -> Known:
    """Three agents, rewards in [0, 1]; the policy is the optimum at ``trained`` times the reports."""
    rng = torch.Generator().manual_seed(seed)
    law = torch.softmax(torch.randn(prompts, responses, generator=rng).double(), -1)
    reference = Reference.of(law, torch.linspace(1, 2, prompts).double() / torch.linspace(1, 2, prompts).double().sum())
    reports = Valuation(torch.rand(3, prompts, responses, generator=rng).double(), WEIGHTS)
    policy = Recipe(beta=beta).build().train.fine_tuner(reference, trained * reports.total)
    return Known(reference, reports, policy, beta)


def covered(estimate: quantities.Estimate, exact: Tensor) -> Tensor:
    """The share of repeats whose interval has the exact value: ``[n]``."""
    return ((estimate.low <= exact) & (exact <= estimate.high)).double().mean(0)


# Identities


@settings(max_examples=30)
@given(game=games())
def test_on_the_whole_law_the_payments_are_the_affine_maximizers(game: Game) -> None:
    train = Recipe(beta=game.beta).build().train
    policy = train(game.reference, game.truth)
    exact = affine_maximizer(train, game.reference, game.truth, policy)
    assert torch.allclose(cumulant(train, game.reference, game.truth, policy), exact, atol=1e-9)


@settings(max_examples=20)
@given(game=games(max_agents=3), copies=st.integers(1, 3))
def test_a_sample_is_a_finite_game(game: Game, copies: int) -> None:
    """Plugged in, a payment from samples is what `cumulant` charges where they are all the candidates there are."""
    rewards = game.truth.rewards.repeat(1, 1, 1, copies)
    logs = torch.zeros_like(rewards[0])
    sampled = SampledPolicy(rewards, logs, logs, game.reference.prompt_weights)
    law, train = sampled.reference(), Recipe(beta=game.beta).build().train
    charged = cumulant(train, law, Valuation(rewards, game.truth.weights), law.policy)
    own = game.truth.weights[:, None, None] * rewards
    plugged = Statistic(torch.stack([own, (-own / game.beta).exp()]), lambda m: m[0] + game.beta * m[1].log()).plug_in()
    assert torch.allclose(plugged @ law.prompt_weights, charged, atol=1e-9)
    assert bool((quantities.payments(sampled, game.truth.weights, game.beta).value >= charged - ROUNDING).all())


def test_estimates_have_their_exact_values_in_the_limit() -> None:
    market = known(0.8, trained=0.7)
    sampled, law, own = market.drawn(5000), market.policy, WEIGHTS[:, None, None] * market.reports.rewards
    charge = (law / market.reference.policy).log()
    best = Recipe(beta=market.beta).build().train
    exact = {
        "valuations": market.mean(law, own),
        "social_welfare": market.mean(law, own.sum(0)),
        "kl": market.mean(law, charge),
        "objective": market.mean(law, own.sum(0) - market.beta * charge),
        "payments": market.payments(),
        "utilities": market.mean(law, own) - market.payments(),
        "gap": best.value(market.reference, market.reports) - best.objective(market.reference, market.reports, law),
    }
    for name, value in exact.items():
        needs = {"kl": (), "valuations": (WEIGHTS,), "social_welfare": (WEIGHTS,)}.get(name, (WEIGHTS, market.beta))
        found = getattr(quantities, name)(sampled, *needs)
        assert bool(((found.value[0] - value).abs() <= 4 * found.standard_error[0]).all()), name
        assert bool((found.standard_error[0] < 0.06 * value.abs()).all()), name


def test_importance_weights() -> None:
    sampled = known(0.5).drawn(8)
    ratio = torch.tensor([0.0, 0.0, 1000.0, 1000.0, 0.0, 0.0, 0.0, 0.0], dtype=torch.float64)
    assert sampled.weights_to(ratio).tolist() == [0, 0, 0.5, 0.5, 0, 0, 0, 0]
    assert effective_sample_size(ratio) == pytest.approx(2.0)
    assert effective_sample_size(torch.full((7,), -900.0).double()) == pytest.approx(7.0)
    assert sampled.size == 8


# Counterfactuals


def test_what_if_i_had_reported_something_else() -> None:
    market = known(0.8)
    once, lie, weight = market.one(8000), 1 - market.reports.rewards[1], torch.tensor(1.5).double()
    told = Valuation(torch.stack([market.reports.rewards[0], lie, market.reports.rewards[2]]), WEIGHTS.clone())
    told.weights[1] = weight
    mechanism = Recipe(beta=market.beta).build()
    outcome = mechanism(market.reference, told)
    true = 2.0 * market.reports.rewards[1]
    lying = 1 - once.rewards[1]
    what_if = Counterfactual(once, WEIGHTS, market.beta, 1, lying, weight)
    utility = market.mean(outcome.policy, true) - outcome.payments[1]
    for found, value in (
        (what_if.expectation(lying), market.mean(outcome.policy, lie)),
        (what_if.payment(), outcome.payments[1]),
        (what_if.utility(), utility),
        (what_if.utility(0.5 * once.rewards[1]), market.mean(outcome.policy, 0.25 * true) - outcome.payments[1]),
    ):
        assert abs(float(found.value - value)) <= 4 * float(found.standard_error)
        assert float(found.standard_error) < 0.03
    honest = quantities.utilities(once, WEIGHTS, market.beta).value[1]
    cost = market.beta * market.mean(outcome.policy, (outcome.policy / market.policy).log())
    assert float(honest - what_if.utility().value) == pytest.approx(float(cost), abs=0.03)
    same = Counterfactual(once, WEIGHTS, market.beta, 1, once.rewards[1], WEIGHTS[1])
    assert float(same.payment().value) == pytest.approx(float(quantities.payments(once, WEIGHTS, market.beta).value[1]))
    assert same.effective_sample_size == pytest.approx(8000)


def test_many_lies_at_once() -> None:
    market = known(0.5)
    once = market.one(300)
    lies = torch.rand(5, 2, 300, generator=torch.Generator().manual_seed(2)).double()
    weight = torch.linspace(0, 2, 5).double()
    together = Counterfactual(once, WEIGHTS, 0.5, 0, lies, weight).utility(seed=3)
    for m in range(5):
        alone = Counterfactual(once, WEIGHTS, 0.5, 0, lies[m], weight[m]).utility(seed=3)
        for field in ("value", "standard_error", "low", "high"):
            assert torch.allclose(getattr(together, field)[m], getattr(alone, field), atol=1e-12), field


# Intervals


@pytest.mark.parametrize(
    ("beta", "size", "prompts"), [(0.4, 1024, 1), (0.7, 512, 2), (1.0, 256, 1), (1.0, 1024, 2), (2.0, 256, 3)]
)
def test_intervals_cover(beta: float, size: int, prompts: int) -> None:
    """95 % intervals of payments and utilities, 500 times over; agents with thin samples are flagged instead."""
    market = known(beta, prompts=prompts)
    sampled = market.drawn(size, repeats=500, seed=7)
    enough = ~is_thin(sampled, WEIGHTS, beta).any(0)
    assert enough.sum() >= 2
    own = market.mean(market.policy, WEIGHTS[:, None, None] * market.reports.rewards)
    for found, exact in (
        (quantities.payments(sampled, WEIGHTS, beta), market.payments()),
        (quantities.utilities(sampled, WEIGHTS, beta), own - market.payments()),
    ):
        share = covered(found, exact)[enough]
        assert share.min() >= 0.91, share
        assert share.max() <= 0.98, share
        error = found.standard_error.mean(0) / found.value.std(0)
        assert bool(((error - 1).abs()[enough] < 0.12).all())


def test_the_jackknife_removes_the_bias_of_small_samples() -> None:
    """2000 times 64 samples: the plug-in payment is too small, the stated one is not, beyond sampling error."""
    market = known(0.5)
    sampled = market.drawn(64, repeats=2000, seed=3)
    law, train = sampled.reference(), Recipe(beta=0.5).build().train
    plugged = cumulant(train, law, Valuation(sampled.rewards, WEIGHTS.expand(2000, -1)), law.policy)
    found, exact = quantities.payments(sampled, WEIGHTS, 0.5).value, market.payments()
    noise = found.std(0) / 2000**0.5
    assert bool((plugged.mean(0) < exact - 3 * noise).all())
    left, before = (found.mean(0) - exact).abs(), (plugged.mean(0) - exact).abs()
    assert bool((left < 0.35 * before + 3 * noise).all())
    assert bool((found >= plugged).all())


def test_the_interval_is_scipys() -> None:
    """BCa of a skewed mean and of a cumulant, one prompt; means over 20 sets of resamples, so to 5 % of its width."""
    values = torch.from_numpy(np.random.default_rng(4).lognormal(size=(1, 1, 40)))
    both = torch.cat([values, (-values).exp()])

    def charged(x: np.ndarray, axis: int = -1) -> np.ndarray:
        return x.mean(axis) + np.log(np.exp(-x).mean(axis))

    statistics = {
        "mean": (Statistic(values, lambda m: m[0]), np.mean),
        "cumulant": (Statistic(both, lambda m: m[0] + m[1].log()), charged),
    }
    for name, (ours, theirs) in statistics.items():
        found = [estimated(ours, torch.ones(1).double(), seed) for seed in range(20)]
        low, high = (torch.stack([getattr(each, end) for each in found]).mean() for end in ("low", "high"))
        data, rng = (values.flatten().numpy(),), np.random.default_rng(0)
        bca, plain = (
            bootstrap(data, theirs, n_resamples=19_999, rng=rng, method=method).confidence_interval
            for method in ("BCa", "percentile")
        )
        width = bca.high - bca.low
        assert float(low) == pytest.approx(bca.low, abs=0.05 * width), name
        assert float(high) == pytest.approx(bca.high, abs=0.05 * width), name
        assert bca.high - plain.high > 0.1 * width, name  # the correction matters here
    error = estimated(statistics["mean"][0], torch.ones(1).double()).standard_error
    assert float(error) == pytest.approx(float(values.std()) / 40**0.5)


def test_the_same_seed_gives_the_same_interval_and_rewards_of_any_size_are_taken() -> None:
    sampled = known(1.0).drawn(256)
    first, again, other = (quantities.payments(sampled, WEIGHTS, 1.0, seed) for seed in (1, 1, 2))
    assert torch.equal(first.low, again.low)
    assert not torch.equal(first.low, other.low)
    for scale in (1e-6, 1e6):
        large = quantities.payments(sampled, scale * WEIGHTS, scale, 1)
        assert torch.allclose(large.low, scale * first.low, rtol=1e-9)
    steep = quantities.payments(sampled, WEIGHTS, 1e-4)
    assert all(bool(torch.isfinite(each).all()) for each in (steep.value, steep.low, steep.high, steep.standard_error))


def test_a_constant_reward_is_worth_nothing_and_sure() -> None:
    logs = torch.zeros(1, 60).double()
    sampled = SampledPolicy(torch.full((1, 1, 60), 0.7).double(), logs, logs, torch.ones(1).double())
    found = quantities.payments(sampled, torch.ones(1).double(), 0.1)
    for each in (found.value, found.standard_error, found.low, found.high):
        assert float(each) == pytest.approx(0.0, abs=ROUNDING)


# Imperfect training


@st.composite
def imperfect(draw: st.DrawFn) -> tuple[Known, Tensor]:
    """A policy, any law as the optimum (some reports have it), one agent's reward in [0, 1] and weight."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    responses = draw(st.integers(2, 6))
    optimum = torch.from_numpy(rng.dirichlet(np.full(responses, draw(st.sampled_from([0.3, 1.0]))))).clamp(min=1e-12)
    away = draw(st.sampled_from([0.01, 0.1, 1.0, 5.0]))
    policy = torch.softmax(optimum.log() + away * torch.from_numpy(rng.normal(size=responses)), -1)
    rewards = torch.from_numpy(rng.choice([rng.random(responses), rng.integers(0, 2, responses).astype(float)]))
    weight, beta = torch.tensor([draw(st.floats(0.01, 3.0))]).double(), draw(st.floats(0.05, 5.0))
    reference = Reference.of(optimum[None] / optimum.sum())
    return Known(reference, Valuation(rewards[None, None], weight), policy[None], beta), reference.policy


@settings(max_examples=300)
@given(given=imperfect())
def test_payments_of_an_imperfect_policy_are_within_the_bounds(given: tuple[Known, Tensor]) -> None:
    market, optimum = given
    own = market.reports.weights[0] * market.reports.rewards[0]
    gap = (market.beta * market.mean(market.policy, (market.policy / optimum).log())).clamp(min=0)
    kept, kept_by_optimum = (market.mean(law, (-own / market.beta).exp()) for law in (market.policy, optimum))
    there = market.mean(optimum, own) + market.beta * kept_by_optimum.log()
    externality = gap + market.mean(market.policy, own) + market.beta * kept_by_optimum.log()
    spread, slack = market.reports.weights[0], 1e-9
    apart = (market.policy - optimum).abs().sum() / 2
    assert apart <= distance(gap, market.beta) + slack
    for known_kept in (None, kept):
        assert (market.payments() - there).abs() <= optimum_bound(gap, market.beta, spread, known_kept) + slack
        assert (market.payments() - externality).abs() <= externality_bound(
            gap, market.beta, spread, known_kept
        ) + slack
    plain = gap + market.beta * torch.expm1(spread / market.beta) * (gap / (2 * market.beta)).sqrt()
    assert optimum_bound(gap, market.beta, spread) <= plain + slack
    assert externality_bound(gap, market.beta, spread) <= plain + slack
    assert optimum_bound(gap, market.beta, spread, kept) <= optimum_bound(gap, market.beta, spread) + slack
    assert externality_bound(gap, market.beta, spread, kept) <= externality_bound(gap, market.beta, spread) + slack


def test_bounds_are_not_idle_and_do_not_overflow() -> None:
    """Two responses, the optimum nearly sure: the bound is met to a third; a spread of thousands of betas is finite."""
    a, beta = torch.tensor(0.5).double(), 1.0
    optimum, policy = (torch.tensor([[p, 1 - p]]).double() for p in (0.45, 0.55))
    gap = (policy * (policy / optimum).log()).sum()
    own = torch.tensor([[0.0, 0.5]]).double()
    charged = [(law * own).sum() + (law * (-own).exp()).sum().log() for law in (optimum, policy)]
    assert externality_bound(gap, beta, a) <= 3 * (gap - (charged[1] - charged[0]) + 0.05)
    tight = optimum_bound(torch.tensor(0.01, dtype=torch.float64), 1.0, a)
    assert float(tight) == pytest.approx(float((a.exp() - 1 - a) * 0.005**0.5), rel=1e-9)
    for huge in (5e3, 1e6):
        spread = torch.tensor(huge).double()
        assert float(optimum_bound(torch.tensor(0.1).double(), 1.0, spread)) <= huge
        assert torch.isfinite(externality_bound(torch.tensor(0.1).double(), 1.0, spread))
        assert float(optimum_bound(torch.tensor(0.0).double(), 1.0, spread)) == 0


def test_stated_payments_have_the_optimums() -> None:
    """Under-trained by a fifth, the sampling interval alone misses the exact mechanism's payment; the stated has it."""
    market = known(1.0, trained=0.8)
    exact = Recipe(beta=1.0).build()(market.reference, market.reports).payments
    sampled = market.drawn(1024, repeats=40)
    plain, stated = quantities.payments(sampled, WEIGHTS, 1.0), stated_payments(sampled, WEIGHTS, 1.0, WEIGHTS)
    assert covered(plain, exact).min() < 0.7
    assert bool((covered(stated, exact) == 1).all())
    assert torch.equal(stated.value, plain.value)
    one = stated_payments(market.one(1024, seed=3), WEIGHTS, 1.0, WEIGHTS)
    assert bool((one.low < one.value).all())
    assert bool((one.value < one.high).all())


# Refusals


def test_thin_samples_are_refused_in_one_sentence() -> None:
    sampled = known(0.1).drawn(256)
    assert is_thin(sampled, WEIGHTS, 0.1).tolist() == [[True, True, True]]
    with pytest.raises(ThinSample, match=r"size is \d+\.\d without agent 1, of 256 samples .* allowed is 50 or more"):
        refuse_thin(sampled, WEIGHTS, 0.1)
    with pytest.raises(ValueError, match=r"draw more samples or raise beta \(it is 0.1\)"):
        stated_payments(sampled, WEIGHTS, 0.1, WEIGHTS)
    refuse_thin(sampled, 0.1 * WEIGHTS, 1.0)
    far = known(0.15, trained=0.02, responses=400).drawn(1024)
    with pytest.raises(ThinSample, match="at the optimum, far from the policy"):
        stated_payments(far, WEIGHTS, 0.15, WEIGHTS)


def test_a_response_that_was_never_drawn_is_counted() -> None:
    """All samples alike look like a full sample; a single worse response, unseen, would decide the payment."""
    logs = torch.zeros(1, 512).double()
    sampled = SampledPolicy(torch.full((1, 1, 512), 0.9).double(), logs, logs, torch.ones(1).double())
    one = torch.ones(1).double()
    assert float(effective_samples(sampled, one, 0.1)) < 2
    assert float(effective_samples(sampled, one, 0.1, least=0.9)) == pytest.approx(513)
    assert float(effective_samples(sampled, one, 1.0)) > 400


def test_thinness_tells_good_intervals_from_bad() -> None:
    """Over 40 random games: those that pass cover, those that the plain effective sample size would pass do not."""
    cases: dict[str, list[Tensor]] = {"pass": [], "blind": []}
    for seed in range(40):
        beta = float(np.exp(np.random.default_rng(seed).uniform(np.log(0.1), 0.0)))
        market = known(beta, seed=seed, prompts=1, responses=100)
        sampled = market.drawn(256, repeats=50, seed=seed)
        found, exact = quantities.payments(sampled, WEIGHTS, beta), market.payments()
        hit = ((found.low <= exact) & (exact <= found.high)).double()
        thin = is_thin(sampled, WEIGHTS, beta)
        plain = effective_sample_size(-WEIGHTS[:, None, None] * sampled.rewards / beta).amin(-1) >= 50
        cases["pass"].append(hit[~thin])
        cases["blind"].append(hit[thin & plain])
    share = {name: torch.cat(found) for name, found in cases.items()}
    assert 0.92 <= share["pass"].mean() <= 0.97
    assert len(share["blind"]) > 100
    assert share["blind"].mean() < 0.85


def test_samples_that_do_not_fit_are_refused() -> None:
    good = known(0.5).drawn(8)
    with pytest.raises(ValueError, match="must agree"):
        SampledPolicy(
            good.rewards[..., :5], good.log_probabilities, good.reference_log_probabilities, torch.ones(2) / 2
        )
    with pytest.raises(ValueError, match="must agree"):
        SampledPolicy(good.rewards, good.log_probabilities, good.reference_log_probabilities, torch.ones(3) / 3)
    with pytest.raises(ValueError, match="log_probabilities has a number that is not finite"):
        SampledPolicy(good.rewards, good.log_probabilities.log(), good.reference_log_probabilities, good.prompt_weights)
