"""Fine-tuners that train a language model: how far they get, whatever stack they are trained in, and where from."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
import torch

from mechanisms import Recipe
from mechanisms.base import Mechanism
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.lora import lora
from mechanisms.fine_tuners.rloo import rloo
from mechanisms.fine_tuners.training import recalled
from mechanisms.fine_tuners.training.climb import Progress
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.benchmarks.stacked import stacked
from tests.letter_market import every_coalition, gain_reached, letter_market

BETA = 0.3
KL = DIVERGENCES["kl"]()
ROUNDING = 1e-9  # of objectives below 2 whose policies were trained by float64 sums in another order


@pytest.fixture(scope="module")
def market() -> tuple[Reference, Valuation]:
    """Two letters at most: 31 responses."""
    return letter_market()


@pytest.fixture(scope="module")
def ragged() -> tuple[Reference, Valuation]:
    """Two prompts, ragged, of unequal weight."""
    reference, truth = letter_market(prompts=["", "ab"], responses=[["a", "", "bcd", "eb"], ["e", "ab", "ca"]])
    return replace(reference, prompt_weights=torch.tensor([0.3, 0.7]).double()), truth


def hasty(payment: object = "zero", tuner: str = "lora", steps: int = 6, **keys: object) -> Mechanism:
    """A few steps: much is left to gain, for the training and perhaps for liars."""
    return Recipe(beta=BETA, fine_tuner={"name": tuner, "steps": steps}, payment=payment, **keys).build()


# How far training gets


@pytest.mark.parametrize("tuner", [lora, rloo])
def test_training_reaches_the_optimum_for_every_coalition(tuner: object) -> None:
    """At its defaults, all seven coalitions in one stack, 156 responses: 99 % of what there is to gain.

    In seconds; the minute allowed is for machines that do much else.
    """
    reference, truth = letter_market(length=3)
    rewards, trained = every_coalition(truth), tuner(KL, BETA)
    start = time.process_time()
    policies = trained(reference, rewards)
    assert time.process_time() - start < 60
    assert gain_reached(trained, reference, rewards).min() > 0.99
    best = Exact(KL, BETA).value(reference, rewards)
    attained = reference.expectation(policies, rewards) - BETA * reference.mean(KL(policies, reference.policy))
    gap = trained.gap(reference, rewards)
    assert torch.allclose(gap, best - attained, atol=1e-12)
    assert bool((gap > 0).all())
    nats = reference.mean(KL(policies, Exact(KL, BETA)(reference, rewards)))
    assert torch.allclose(gap, BETA * nats, atol=1e-9)  # the gap is what the divergence from the optimum costs


@pytest.mark.parametrize("tuner", ["lora", "rloo"])
def test_several_prompts_of_unequal_weight(tuner: str, ragged: tuple[Reference, Valuation]) -> None:
    reference, truth = ragged
    mechanism = hasty(tuner=tuner, steps=100)
    reached = gain_reached(mechanism.train.fine_tuner, reference, every_coalition(truth))
    assert reached.min() > 0.95
    assert bool((mechanism.train(reference, truth)[reference.policy == 0] == 0).all())


def test_a_fine_tune_is_never_worse_than_none(market: tuple[Reference, Valuation]) -> None:
    """Steps that are far too long: the best on the way is kept, and checkpoints only climb."""
    reference, truth = market
    wild = lora(KL, BETA, steps=6, rate=5.0)
    run = wild.checkpoints(reference, every_coalition(truth))
    assert run.shape == (6, 7, 1, 31)
    heights = torch.stack(
        [
            reference.expectation(policy, every_coalition(truth)) - BETA * reference.mean(KL(policy, reference.policy))
            for policy in run
        ]
    )
    base = reference.expectation(reference.policy, every_coalition(truth))
    assert bool((heights.diff(dim=0) >= 0).all())
    assert bool((heights[0] >= base - ROUNDING).all())
    assert torch.equal(run[-1], wild(reference, every_coalition(truth)))


def test_a_rows_policy_depends_on_its_own_reward_alone(market: tuple[Reference, Valuation]) -> None:
    """Whatever its place and its company; a constant more, or a reward of nothing that can be said, changes nothing."""
    reference, truth = market
    for tuner in (lora(KL, BETA, steps=8), rloo(KL, BETA, steps=8)):
        rewards = every_coalition(truth)
        together, fresh = tuner(reference, rewards), replace(tuner, recalled=recalled.Recalled())
        backwards = fresh(reference, rewards.flip(0)).flip(0)
        alone = replace(tuner, recalled=recalled.Recalled())(reference, rewards[3])
        assert (together - backwards).abs().max() < ROUNDING
        assert (together[3] - alone).abs().max() < ROUNDING
        more = replace(tuner, recalled=recalled.Recalled())(reference, rewards[3] + 5.0)
        assert (more - alone).abs().max() < ROUNDING
        batched = fresh(reference, rewards.reshape(7, 1, 1, 31).expand(7, 2, 1, 31))
        assert (batched - together[:, None]).abs().max() < ROUNDING


def test_references_may_differ_from_game_to_game(market: tuple[Reference, Valuation]) -> None:
    reference, truth = market
    laws = reference.policy * torch.rand(3, 1, 31, generator=torch.Generator().manual_seed(0)).double()
    laws[2, 0, 4] = 0.0
    laws = laws / laws.sum(-1, keepdim=True)
    tuner = lora(KL, BETA, steps=8)
    together = tuner(replace(reference, policy=laws), truth.total)
    for game in range(3):
        alone = replace(tuner, recalled=recalled.Recalled())(replace(reference, policy=laws[game]), truth.total)
        assert (together[game] - alone).abs().max() < ROUNDING
    assert float(together[2, 0, 4]) == 0


def test_models_without_somebody_are_trained_in_the_same_stack(market: tuple[Reference, Valuation]) -> None:
    """``together`` gives the same numbers in one run instead of two, for profiles and for lies."""
    reference, truth = market
    for payment in ("affine_maximizer", "max_in_range"):
        apart, together = (hasty(payment), hasty(payment))
        counts: list[list[int]] = [[], []]
        mechanisms = []
        for place, (mechanism, flag) in enumerate(((apart, False), (together, True))):

            def watch(progress: Progress, seen: list[int] = counts[place]) -> None:
                seen.append(progress.adapters * (progress.step == 0))

            tuner = replace(mechanism.train.fine_tuner, together=flag, watch=watch)
            mechanisms.append(replace(mechanism, train=replace(mechanism.train, fine_tuner=tuner)))
        bills = [mechanism(reference, truth) for mechanism in mechanisms]
        assert (bills[0].payments - bills[1].payments).abs().max() < ROUNDING
        assert (bills[0].policy - bills[1].policy).abs().max() < ROUNDING
        assert [[count for count in seen if count] for seen in counts] == [[1, 3], [4]]


def test_training_starts_where_it_is_told_to(market: tuple[Reference, Valuation]) -> None:
    """Games one after another along the batch; from where the last run ended, one step is already as good."""
    reference, truth = market
    rewards, tuner = every_coalition(truth)[3:5], lora(KL, BETA, steps=30)
    start = tuner.adapters(reference, rewards)
    assert start.count == 2
    warm = replace(lora(KL, BETA, steps=1), start=start)
    assert bool((warm.gap(reference, rewards) <= tuner.gap(reference, rewards) + ROUNDING).all())
    crossed = replace(warm, start=start.of([1, 0])).gap(reference, rewards)
    assert bool((crossed > 5 * tuner.gap(reference, rewards)).all())
    lies = torch.stack([rewards, rewards.flip(0)])
    policies = warm(reference, lies)
    assert (policies[1, 0] - replace(warm, start=start.of([0]))(reference, rewards[1])).abs().max() < ROUNDING


def test_the_best_adapters_are_those_of_the_policy(market: tuple[Reference, Valuation]) -> None:
    """What is handed over beside a policy gives that policy, after training that went astray as well."""
    reference, truth = market
    for tuner in (lora(KL, BETA, steps=7, rate=0.3), rloo(KL, BETA, steps=7)):
        rewards = every_coalition(truth)
        adapters = tuner.adapters(reference, rewards)
        law = tuner.law(reference).log_policy(adapters, reference.log.expand(7, 1, -1)).exp()
        assert torch.allclose(law, tuner(reference, rewards), atol=1e-12)


def test_single_precision_is_enough(market: tuple[Reference, Valuation]) -> None:
    """References and rewards in float32 give float32 policies and payments, those of float64 to four digits."""
    reference, truth = market
    single = Reference(reference.policy.float(), reference.prompt_weights.float(), reference.responses)
    for tuner in ("lora", "rloo"):
        mechanism = hasty("affine_maximizer", tuner)
        outcome = mechanism(single, Valuation(truth.rewards.float(), truth.weights.float()))
        assert (outcome.policy.dtype, outcome.payments.dtype) == (torch.float32, torch.float32)
        exact = hasty("affine_maximizer", tuner)(reference, truth)
        assert (outcome.policy - exact.policy).abs().max() < 1e-4
        assert (outcome.payments - exact.payments).abs().max() < 1e-4


# What is refused


@pytest.mark.parametrize("tuner", ["lora", "rloo"])
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"steps": 0}, "steps is 0; allowed is 1 or more"),
        ({"rank": 0}, "rank is 0; allowed is 1 or more"),
        ({"layers": -1}, "layers is -1; allowed is 0 or more"),
        ({"rate": 0.0}, r"rate is 0\.0; allowed is above 0"),
        ({"temperature": -1.0}, r"temperature is -1\.0; allowed is above 0"),
    ],
)
def test_bad_options_are_sentences(tuner: str, options: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"{tuner}: {sentence}"):
        Recipe(fine_tuner={"name": tuner, **options}).build()


def test_what_cannot_be_trained_is_refused(market: tuple[Reference, Valuation]) -> None:
    reference, truth = market
    for keys, sentence in (
        ({"divergence": "chi_squared"}, "lora: divergence is chi_squared; allowed is kl"),
        ({"beta": 0.0}, r"beta is 0\.0; it must be above 0"),
        ({"fine_tuner": {"name": "rloo", "samples": 1}}, "samples is 1; allowed is 2 or more"),
        ({"fine_tuner": {"name": "rloo", "estimator": "rlo"}}, "estimator 'rlo'.*rloo"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Recipe(**{"fine_tuner": "lora", **keys}).build()
    with pytest.raises(ValueError, match=r"fine_tuner is lora; allowed for .* welfare are exact, menu and replies"):
        Recipe(training="nash_welfare", fine_tuner="lora").build()(reference, truth)


def test_progress_is_told_step_by_step(market: tuple[Reference, Valuation]) -> None:
    reference, truth = market
    seen: list[Progress] = []
    tuner = replace(lora(KL, BETA, steps=5), watch=seen.append)
    policy = tuner(reference, truth.total)
    assert [progress.step for progress in seen] == [0, 1, 2, 3, 4, 5]
    assert {(progress.steps, progress.adapters, progress.tokens) for progress in seen} == {(5, 1, 62)}
    assert (seen[0].kl, seen[0].reward) == (pytest.approx(0, abs=1e-12), pytest.approx(0, abs=1e-12))
    assert seen[-1].kl == pytest.approx(float(reference.mean(KL(policy, reference.policy))), rel=1e-9)
    risen = reference.expectation(policy - reference.policy, truth.total)
    assert seen[-1].reward == pytest.approx(float(risen), rel=1e-9)


def test_the_benchmarked_stack_and_its_separate_runs_are_the_same_fine_tunes() -> None:
    ours, peer = stacked.prepare()
    together, apart = ours(), torch.cat(peer())
    assert together.shape == (9, 8, 1, 156)
    assert (together - apart).abs().max() < ROUNDING
