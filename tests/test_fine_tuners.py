"""Approximate and restricted fine-tuners: what they attain, and what that does to incentives."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms import DIVERGENCES, Recipe
from mechanisms.base import Mechanism
from mechanisms.deviation import deviation_utilities
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.menu import Menu
from mechanisms.fine_tuners.mirror import Mirror
from mechanisms.fine_tuners.replies import Replies
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import EVERYONE, Valuation
from tests.games import Game, games, random_lies

ROUNDING = 1e-12  # of utilities up to 12 that are sums of a few dozen terms
SOLVED = 1e-9  # of an objective found by Newton's method, good to 1e-10
SMOOTH = [name for name in DIVERGENCES if name != "total_variation"]


def best_gain(mechanism: Mechanism, game: Game, lies: Valuation) -> torch.Tensor:
    """Ex-post regret among ``lies``: ``[n]``."""
    honest = Valuation(game.truth.rewards[None], game.truth.weights[None])
    told = deviation_utilities(mechanism, game.reference, game.truth, game.truth, EVERYONE, honest)
    lied = deviation_utilities(mechanism, game.reference, game.truth, game.truth, EVERYONE, lies)
    return (lied - told).amax(0)


@given(game=games(), steps=st.integers(1, 20), rate=st.floats(0.05, 1.0))
def test_mirror_under_kl_is_the_optimum_at_a_reduced_reward(game: Game, steps: int, rate: float) -> None:
    divergence = DIVERGENCES["kl"]()
    walked = replace(divergence, optimum=None)  # without a closed form the steps are really taken
    reached = Mirror(walked, game.beta, steps, rate)(game.reference, game.truth.total)
    leapt = Mirror(divergence, game.beta, steps, rate)(game.reference, game.truth.total)
    assert torch.allclose(reached, leapt, atol=1e-11)
    reduced = (1 - (1 - rate) ** steps) * game.truth.total
    assert torch.allclose(reached, Exact(divergence, game.beta)(game.reference, reduced), atol=1e-11)


@pytest.mark.parametrize("name", SMOOTH)
@settings(max_examples=8)
@given(game=games(), rate=st.floats(0.1, 1.0))
def test_mirror_climbs_and_never_past_the_optimum(name: str, game: Game, rate: float) -> None:
    divergence, total = DIVERGENCES[name](), game.truth.total
    best = Exact(divergence, game.beta).value(game.reference, total)
    heights = torch.stack([Mirror(divergence, game.beta, t, rate).value(game.reference, total) for t in (1, 3, 10)])
    start = game.reference.expectation(game.reference.policy, total)
    assert (torch.cat([start[None], heights]).diff() >= -ROUNDING * (1 + heights[-1])).all()
    assert (heights <= best + SOLVED).all()
    gap = Mirror(divergence, game.beta, 10, rate).gap(game.reference, total)
    assert torch.allclose(gap, (best - heights[-1]).clamp(min=0))


@pytest.mark.parametrize("name", SMOOTH)
def test_mirror_arrives(name: str) -> None:
    rng = torch.Generator().manual_seed(0)
    reference = Reference.of(torch.softmax(torch.randn(2, 5, generator=rng).double(), -1))
    reward = torch.rand(20, 2, 5, generator=rng).double()
    gaps = [Mirror(DIVERGENCES[name](), 0.5, steps).gap(reference, reward).max().item() for steps in (1, 10, 100)]
    assert gaps[0] > 1e-3
    assert gaps[1] < gaps[0] / 10
    assert gaps[2] <= 1e-5 * gaps[0]  # linear convergence; slowest where f flattens, as in jensen_shannon


@pytest.mark.parametrize("name", SMOOTH)
def test_mirror_is_differentiable(name: str) -> None:
    rng = torch.Generator().manual_seed(1)
    reference = Reference.of(torch.tensor([[0.5, 0.3, 0.2, 0.0]], dtype=torch.float64))
    reward = torch.rand(1, 4, generator=rng).double().requires_grad_()
    mirror = Mirror(DIVERGENCES[name](), 0.5, 4)
    assert torch.autograd.gradcheck(lambda r: mirror(reference, r), reward)
    assert torch.autograd.gradcheck(lambda r: mirror.value(reference, r), reward)


@pytest.mark.parametrize("name", SMOOTH)
@pytest.mark.parametrize(("steps", "rate"), [(1, 0.3), (3, 0.5), (10, 0.8)])
@settings(max_examples=8)
@given(game=games())
def test_regret_is_at_most_the_optimality_gap_at_the_truth(name: str, steps: int, rate: float, game: Game) -> None:
    """Groves payments from attained objectives turn a gap of optimisation into at most that gap of incentives."""
    train = SocialWelfare(Mirror(DIVERGENCES[name](), game.beta, steps, rate))
    gap = train.fine_tuner.gap(game.reference, game.truth.total)
    assert (best_gain(Mechanism(train, affine_maximizer), game, random_lies(game, 30)) <= gap + SOLVED).all()


def test_an_undertrained_model_can_be_gamed_and_the_bound_is_near() -> None:
    """Under KL, one step at rate 1/2 answers to half the reward: doubling one's weight undoes it for a lone agent."""
    reference = Reference.of(torch.full((1, 3), 1 / 3, dtype=torch.float64))
    truth = Valuation(torch.tensor([[[1.0, 0.5, 0.0]]], dtype=torch.float64), torch.ones(1, dtype=torch.float64))
    game = Game(reference, truth, 0.5, 0)
    lies = Valuation(truth.rewards[None], 2 * truth.weights[None])
    train = SocialWelfare(Mirror(DIVERGENCES["kl"](), 0.5, 1, 0.5))
    gap = train.fine_tuner.gap(reference, truth.total)
    gain = best_gain(Mechanism(train, affine_maximizer), game, lies)
    assert gap.item() > 0.03
    assert gain.item() == pytest.approx(gap.item(), abs=ROUNDING)


def test_mirror_says_what_it_cannot_do() -> None:
    uniform = Reference.of(torch.full((1, 3), 1 / 3, dtype=torch.float64))
    reports = Valuation(torch.rand(2, 1, 3).double(), torch.ones(2).double())
    with pytest.raises(ValueError, match="total_variation has a kink"):
        Recipe(fine_tuner="mirror", divergence="total_variation").build()
    for option, value in (("rate", 0.0), ("rate", 1.5), ("steps", 0)):
        with pytest.raises(ValueError, match=f"{option} is {value}; allowed"):
            Recipe(fine_tuner={"name": "mirror", option: value}).build()
    with pytest.raises(ValueError, match="allowed for nash welfare are exact"):
        Recipe("nash_welfare", fine_tuner="mirror").build()(uniform, reports)


@pytest.mark.parametrize("name", DIVERGENCES)
@pytest.mark.parametrize("samples", [2, 5, 50])
@settings(max_examples=8)
@given(game=games(), seed=st.integers(0, 100))
def test_affine_maximizer_on_replies_is_dsic_at_every_sample_size(
    name: str, samples: int, game: Game, seed: int
) -> None:
    train = SocialWelfare(Replies(DIVERGENCES[name](), game.beta, samples, seed))
    mechanism = Mechanism(train, affine_maximizer)
    bound = ROUNDING if DIVERGENCES[name]().optimum is not None else SOLVED
    assert (best_gain(mechanism, game, random_lies(game, 20)) <= bound).all()
    assert (mechanism(game.reference, game.truth).payments >= -bound).all()


@pytest.mark.parametrize("name", SMOOTH)
@settings(max_examples=10)
@given(game=games(), seed=st.integers(0, 100))
def test_replies_maximise_on_their_sample(name: str, game: Game, seed: int) -> None:
    tuner = Replies(DIVERGENCES[name](), game.beta, 10, seed)
    train, sample = SocialWelfare(tuner), tuner.anchor(game.reference)
    policy = train(game.reference, game.truth)
    best = train.value(game.reference, game.truth)
    assert (policy[sample.policy == 0] == 0).all()
    assert (sample.policy[game.reference.policy == 0] == 0).all()
    assert torch.allclose(train.objective(game.reference, game.truth, policy), best, atol=SOLVED)
    rng = torch.Generator().manual_seed(seed)
    rivals = sample.policy * torch.rand(50, *sample.policy.shape, generator=rng).double()
    rivals = rivals / rivals.sum(-1, keepdim=True)
    assert (train.objective(game.reference, game.truth, rivals) <= best + SOLVED).all()


def test_replies_from_another_generator_are_reweighted_to_the_reference() -> None:
    """E[mass of y] tends to the reference; with M = 1e6 replies the error is that of a mean, below 5 / 1000."""
    reference = Reference.of(torch.tensor([[0.6, 0.3, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25]], dtype=torch.float64))
    law = torch.tensor([[0.1, 0.2, 0.7, 0.0], [0.4, 0.3, 0.2, 0.1]], dtype=torch.float64)
    for generator in (None, law, 3 * law):
        drawn = Replies(DIVERGENCES["kl"](), 1.0, 1_000_000, 0, generator).anchor(reference).policy
        assert (drawn - reference.policy).abs().max() < 5e-3
    one = Replies(DIVERGENCES["kl"](), 1.0, 7, 3, law)
    assert torch.equal(one.anchor(reference).policy, one.anchor(reference).policy)
    other = Replies(DIVERGENCES["kl"](), 1.0, 7, 4, law)
    assert not torch.equal(one.anchor(reference).policy, other.anchor(reference).policy)


def test_reply_payments_have_bias_of_order_one_over_m_and_error_of_its_root() -> None:
    """Against VCG over all responses, 400 seeds: from M = 25 to 400 (x 16) the deviation falls by 4, bias by 16."""
    rng = torch.Generator().manual_seed(2)
    reference = Reference.of(torch.softmax(torch.randn(1, 60, generator=rng).double(), -1))
    truth = Valuation(torch.rand(3, 1, 60, generator=rng).double(), torch.ones(3).double())
    kl = DIVERGENCES["kl"]()

    def payments(tuner: Exact | Replies) -> torch.Tensor:
        return Mechanism(SocialWelfare(tuner), affine_maximizer)(reference, truth).payments

    exact = payments(Exact(kl, 0.3))
    bias, deviation = {}, {}
    for samples in (25, 400):
        errors = torch.stack([payments(Replies(kl, 0.3, samples, seed)) for seed in range(400)]) - exact
        bias[samples], deviation[samples] = errors.mean(0).abs().max().item(), errors.std(0).mean().item()
    assert 3 < deviation[25] / deviation[400] < 5.5
    noise = deviation[400] / math.sqrt(400)
    assert bias[25] > 10 * noise
    assert bias[400] < bias[25] / 8 + 3 * noise


def test_replies_say_what_is_wrong() -> None:
    uniform = Reference.of(torch.full((1, 3), 1 / 3, dtype=torch.float64))
    reports = Valuation(torch.rand(2, 1, 3).double(), torch.ones(2).double())
    with pytest.raises(ValueError, match="samples is 0; allowed is 1"):
        Recipe(fine_tuner={"name": "replies", "samples": 0}).build()
    for generator, sentence in (([[0.5, 0.5]], "allowed is"), ([[0.5, 0.5, 0.0]], "positive wherever")):
        mechanism = Recipe(fine_tuner={"name": "replies", "generator": generator}).build()
        with pytest.raises(ValueError, match=sentence):
            mechanism(uniform, reports)


@settings(max_examples=4)
@given(game=games(), seed=st.integers(0, 100))
def test_batching_equals_looping_and_padding_stays_empty(game: Game, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    rewards = torch.rand(5, *game.reference.policy.shape, generator=rng).double()
    laws = torch.rand(5, *game.reference.policy.shape, generator=rng).double() * (game.reference.policy > 0)
    references = Reference.of(laws / laws.sum(-1, keepdim=True))
    menu = torch.softmax(torch.rand(4, *rewards.shape[1:], generator=rng).double(), -1)
    for name in ("kl", "hellinger"):
        divergence = DIVERGENCES[name]()
        tuners = (Mirror(divergence, game.beta), Replies(divergence, game.beta, 6), Menu(menu, divergence))
        for tuner in (*tuners, Exact(divergence, game.beta)):
            together = tuner(references, rewards)
            values, gaps = tuner.value(references, rewards), tuner.gap(references, rewards)
            assert values.shape == gaps.shape == (5,)
            if not isinstance(tuner, Menu):
                assert (together[:, game.reference.policy == 0] == 0).all()
            for b in range(5):
                reference = Reference.of(references.policy[b])
                assert torch.allclose(together[b], tuner(reference, rewards[b]), atol=ROUNDING)
                assert torch.allclose(values[b], tuner.value(reference, rewards[b]), atol=ROUNDING)
                assert torch.allclose(gaps[b], tuner.gap(reference, rewards[b]), atol=ROUNDING)


def test_tuners_that_maximise_in_their_range_have_no_gap() -> None:
    reference = Reference.of(torch.full((7, 1, 3), 1 / 3, dtype=torch.float64))
    reward, kl = torch.rand(4, 7, 1, 3).double(), DIVERGENCES["kl"]()
    for tuner in (Exact(kl), Replies(kl), Menu(torch.eye(3, dtype=torch.float64)[:, None], kl)):
        assert torch.equal(tuner.gap(reference, reward), torch.zeros(4, 7, dtype=torch.float64))
    assert (Mirror(kl, 0.1, 1).gap(reference, reward) > 1e-3).any()
