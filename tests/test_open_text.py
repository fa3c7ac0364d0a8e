"""Open text on the enumerable model: what is sampled, what a step is, and what samples say, against exact values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import chi2
from torch import Tensor

from mechanisms import Recipe
from mechanisms.fine_tuners.training.estimators import ESTIMATORS
from mechanisms.fine_tuners.training.open_text import Climb, OpenText
from mechanisms.fine_tuners.training.standing import Standing
from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.ascent import Schedule, step
from mechanisms.language_models.candidates import Candidates, candidates, log_likelihoods
from mechanisms.language_models.enumerable import enumerable, spelled
from mechanisms.language_models.language_model import uniforms
from mechanisms.language_models.listed import listed
from mechanisms.payments.cumulant import cumulant
from mechanisms.reference import Reference, Responses
from mechanisms.sampled.estimate import estimated
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.quantities import payments, utilities, valuations
from mechanisms.valuation import Valuation
from simulate.fine_tuning.build import built
from simulate.fine_tuning.charges import CHARGES
from simulate.fine_tuning.outcome import Outcome
from simulate.fine_tuning.plan import Plan, plan_of
from simulate.fine_tuning.samples import listened
from simulate.fine_tuning.training import trained
from simulate.load import load

ROUNDING = 1e-9  # nats of a response of a few letters, in float64
PROMPTS, LENGTH = ("", "cab"), 3
WORDS = spelled(LENGTH)


def favourites(texts: Sequence[str]) -> Tensor:
    """Two agents' favourite letters: rewards ``[2, N]``."""
    shares = [[sum(c in wanted for c in text) / max(1, len(text)) for text in texts] for wanted in ("ab", "de")]
    return torch.tensor(shares, dtype=torch.float64)


@cache
def law(temperature: float = 1.0) -> OpenText:
    even = torch.tensor([0.5, 0.5], dtype=torch.float64)
    return OpenText(enumerable(), PROMPTS, even, LENGTH, temperature)


def climb(weights: list[list[float]], estimator: str = "rloo", micro_batch: int = 64, clip: float = 1.0) -> Climb:
    told = torch.tensor(weights, dtype=torch.float64)
    return Climb(law(), favourites, told, 0.4, ESTIMATORS[estimator], Schedule(20, 0.02, clip), 12, 3, micro_batch)


def stirred(count: int, seed: int = 0) -> Adapters:
    """Adapters that change a lot, each something else."""
    rng = torch.Generator().manual_seed(seed)
    first = law().fresh(count, 2, 0, seed)
    return first.each(lambda value: value + 0.3 * torch.randn(value.shape, generator=rng, dtype=torch.float64))


def everything() -> Candidates:
    """All responses to all prompts as rows of tokens, by a path of its own."""
    exists = torch.ones(len(PROMPTS), len(WORDS), dtype=torch.float64)
    return candidates(enumerable(), Reference.of(exists, None, Responses(PROMPTS, (WORDS,) * len(PROMPTS))))


def exact(adapters: Adapters, temperature: float = 1.0) -> Tensor:
    """log pi of all responses ``[S, P, K]``; they are all there are, so the law is exact."""
    rows = everything()
    found = rows.table(log_likelihoods(enumerable().model, adapters, rows, temperature), -torch.inf)
    assert torch.allclose(found.exp().sum(-1), torch.ones(1, dtype=torch.float64), atol=1e-12)
    return found


# ---- what is sampled


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_the_sampler_knows_how_likely_its_responses_were(temperature: float) -> None:
    adapters = stirred(3)
    heard = law(temperature).heard("cab", 40, adapters, 1, 2)
    whole, reference = exact(adapters, temperature)[:, 1], exact(law().fresh(1, 1, 0, 0), temperature)[0, 1]
    places = torch.tensor([WORDS.index(text) for text in heard.said.texts]).unflatten(0, (3, -1))
    assert torch.allclose(heard.log_policy, whole.gather(1, places), atol=ROUNDING, rtol=0)
    assert torch.allclose(heard.log_reference, reference[places], atol=ROUNDING, rtol=0)
    forced = law(temperature).log_probabilities("cab", heard.said, adapters).unflatten(0, (3, -1))
    assert torch.allclose(heard.log_policy, forced, atol=ROUNDING, rtol=0)


def test_the_gradient_through_a_prompt_read_once_is_that_of_a_whole_pass() -> None:
    once, whole = stirred(2).trainable(), stirred(2).trainable()
    said = law().heard("cab", 9, once.detached(), 5).said
    weights = torch.linspace(-1, 1, 18, dtype=torch.float64)
    rows = law().model.log_probabilities("cab", said.token_ids, said.mask, 1.0, once)
    (weights * rows).sum().backward()
    table = log_likelihoods(law().model.model, whole, everything(), 1.0)
    places = torch.tensor([len(WORDS) + WORDS.index(text) for text in said.texts]).unflatten(0, (2, -1))
    (weights.unflatten(0, (2, -1)) * table.gather(1, places)).sum().backward()
    for ours, theirs in zip(once.parameters(), whole.parameters(), strict=True):
        assert ours.grad is not None
        assert theirs.grad is not None
        assert torch.allclose(ours.grad, theirs.grad, atol=ROUNDING)


def test_frequencies_are_the_law_of_every_adapter_and_of_the_model_itself() -> None:
    count, adapters = 3000, stirred(2)
    chances = uniforms("cab", count, LENGTH, 11)
    texts = law().model.respond("cab", chances, 0.7, adapters).texts
    alone = law().model.respond("cab", chances, 0.7).texts
    reference, _ = listed("enumerable", {"prompts": list(PROMPTS), "length": LENGTH, "temperature": 0.7})
    laws = [*exact(adapters, 0.7)[:, 1].exp(), reference[1]]
    for said, policy in zip((texts[:count], texts[count:], alone), laws, strict=True):
        seen = Counter(said)
        found, expected = np.array([seen[word] for word in WORDS]), count * policy.numpy()
        rare = expected < 5  # where chi-squared is no approximation, together
        found, expected = (np.append(each[~rare], each[rare].sum()) for each in (found, expected))
        statistic = ((found - expected) ** 2 / expected).sum()
        assert chi2.sf(statistic, len(found) - 1) > 1e-4, statistic


def test_a_response_ends_at_its_end_sign_or_is_cut() -> None:
    said = law().heard("", 200, stirred(2), 4).said
    end = law().model.end_ids()[0]
    lengths = said.mask.sum(-1)
    for ids, mask, length, text in zip(said.token_ids, said.mask, lengths.tolist(), said.texts, strict=True):
        assert mask[:length].all()  # and so nothing after it
        assert (ids[: length - 1] != end).all()
        ended = bool(ids[length - 1] == end)
        assert ended or length == LENGTH
        assert len(text) == length - ended
    assert {1, 2, 3} <= set(lengths.tolist())


def test_a_row_depends_on_its_uniforms_and_its_adapter_only() -> None:
    adapters, chances = stirred(3), uniforms("cab", 10, LENGTH, 1, 2)
    model = law().model
    together = model.respond("cab", chances, 1.0, adapters)
    for s in range(3):
        alone = model.respond("cab", chances, 1.0, adapters.of([s]))
        assert alone.texts == together.texts[10 * s : 10 * s + 10]
    few = replace(model, batch_size=6).respond("cab", chances, 1.0, adapters)
    assert few.texts == together.texts
    assert torch.allclose(few.log_probabilities, together.log_probabilities, atol=ROUNDING)
    assert torch.equal(uniforms("cab", 4, LENGTH, 1, 2), chances[:4])
    assert not torch.equal(uniforms("cab", 4, LENGTH, 2, 1), chances[:4])
    same = model.respond("cab", chances, 1.0, law().fresh(2, 2, 0, 0))
    assert same.texts[:10] == same.texts[10:] == model.respond("cab", chances, 1.0).texts


def test_prompts_of_any_lengths_together_are_prompts_one_by_one() -> None:
    model, prompts, adapters = law().model, ["cab", "", "abc", "d", "bb", "e"], stirred(2)
    chances = torch.stack([uniforms(prompt, 8, LENGTH, 1) for prompt in prompts])
    together = replace(model, batch_size=10).respond_each(prompts, chances, 0.9, adapters)
    for prompt, said, own in zip(prompts, together, chances, strict=True):
        alone = model.respond(prompt, own, 0.9, adapters)
        assert said.texts == alone.texts
        assert torch.equal(said.mask, alone.mask)
        assert torch.allclose(said.log_probabilities, alone.log_probabilities, atol=ROUNDING)


# ---- what a step is


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("micro_batch", [2, 5, 64])
def test_a_step_in_parts_is_the_gradient_of_the_whole_batch(estimator: str, micro_batch: int) -> None:
    game = climb([[1.0, 1.0], [1.0, 0.0]], estimator, micro_batch, clip=1e9)
    start = Standing.at_start(stirred(2))
    slopes = game.advance(start)[0].first.each(lambda mean: mean / 0.1)  # Adam's running mean after one step
    whole = start.adapters.trainable()
    table, prior = exact(whole), exact(law().fresh(1, 1, 0, 0))[0]
    for p, prompt in enumerate(PROMPTS):
        texts = game.law.heard(prompt, game.samples, start.adapters, game.seed, 0).said.texts
        places = torch.tensor([WORDS.index(text) for text in texts]).unflatten(0, (2, -1))
        log_p = table[:, p].gather(1, places)
        reward = torch.einsum("sn,nsb->sb", game.weights, favourites(texts).unflatten(-1, (2, -1)))
        (game.estimator.loss(log_p, log_p - prior[p][places], reward, game.beta).sum() / 2).backward(retain_graph=True)
    for ours, theirs in zip(slopes.parameters(), whole.parameters(), strict=True):
        assert theirs.grad is not None
        assert torch.allclose(ours, theirs.grad, atol=1e-8)
    assert max(float(value.abs().max()) for value in slopes.parameters()) > 1e-3


def test_stacked_fine_tunes_are_the_separate_ones() -> None:
    weights = [[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    together, seen = climb(weights), None
    standing = together.start(2, 0)
    for _ in range(3):
        standing, seen = together.advance(standing)
    assert seen is not None
    for s, row in enumerate(weights):
        alone = climb([row])
        own, last = alone.start(2, 0), None
        for _ in range(3):
            own, last = alone.advance(own)
        assert last is not None
        for a, b in zip(standing.adapters.of([s]).parameters(), own.adapters.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-10)
        assert torch.allclose(seen.rewards[s], last.rewards[0])
        assert torch.allclose(seen.kl[s], last.kl[0], atol=ROUNDING)


def test_a_run_taken_up_again_goes_on_to_the_bit() -> None:
    game = climb([[1.0, 2.0]])
    standing = game.start(2, 1)
    for _ in range(2):
        standing, _ = game.advance(standing)
    copied = Standing.from_named({name: value.clone() for name, value in standing.named().items()})
    assert copied.step == 2
    for _ in range(2):
        standing, copied = game.advance(standing)[0], game.advance(copied)[0]
    for name, value in standing.named().items():
        assert torch.equal(value, copied.named()[name]), name


def test_a_step_is_that_of_an_optimiser_kept_alive() -> None:
    schedule, start = Schedule(4, 0.05), stirred(2)
    standing, alive = Standing.at_start(start), start.trainable()
    adam = torch.optim.Adam(alive.parameters(), lr=1.0)

    def bowl(adapters: Adapters) -> Tensor:
        return torch.stack([sum(v[s].pow(4).sum() for v in adapters.parameters()) for s in range(2)])

    for number in range(4):
        copy = standing.adapters.trainable()
        bowl(copy).sum().backward()
        before = standing.named()["first." + next(iter(standing.first.named()))].clone()
        after = standing.after(copy, schedule)
        assert torch.equal(before, standing.named()["first." + next(iter(standing.first.named()))])  # a value
        step(alive, adam, bowl(alive), schedule, number)
        standing = after
        for ours, theirs in zip(standing.adapters.parameters(), alive.parameters(), strict=True):
            assert torch.equal(ours, theirs)


# ---- what samples say


@cache
def played() -> tuple[Plan, Climb, Adapters]:
    """The built-in game, with a lie in it, trained."""
    lie = {"agents.1.report": {"rewards": {"reward": {"name": "letters", "characters": "e"}}, "weight": 1.5}}
    sizes = {"mechanism.fine_tuner.steps": 25, "mechanism.fine_tuner.evaluation": 200}
    plan = plan_of(load("two_letters", lie | sizes), "two_letters")
    game = built(plan)
    return plan, game, trained(game, plan, None, lambda checkpoint: None, 100).standing.adapters


@cache
def known() -> dict[str, Any]:
    """Everything that a summary estimates, worked out from the whole law of the trained model."""
    plan, game, adapters = played()
    policy, prior = exact(adapters)[0].exp(), exact(law().fresh(1, 1, 0, 0))[0].exp()
    reference = Reference.of(prior)
    judged = game.judges(list(WORDS))[:, None].expand(-1, len(PROMPTS), -1)
    told = Valuation(judged[:2], torch.tensor([1.0, 1.5], dtype=torch.float64))
    truth = Valuation(judged[2:], torch.ones(2, dtype=torch.float64))
    train = Recipe(beta=plan.beta).build().train
    pay = cumulant(train, reference, told, policy)
    value = truth.expected_rewards(reference, policy)
    before = truth.expected_rewards(reference, prior)
    return {
        "before": before,
        "after": value,
        "difference": value - before,
        "valuation": value,
        "payment": pay,
        "utility": value - pay,
        "social_welfare": value.sum(),
        "objective": train.objective(reference, truth, policy),
        "reported_objective": train.objective(reference, told, policy),
        "kl": train.divergence(reference, policy),
        "gap": train.value(reference, told) - train.objective(reference, told, policy),
        "start": train.objective(reference, told, prior),
        "best": train.value(reference, told),
    }


def test_charges_are_the_formulas_of_sampled_policies() -> None:
    rng = torch.Generator().manual_seed(0)
    rewards = 0.6 + 0.3 * torch.rand(2, 3, 40, generator=rng, dtype=torch.float64)  # no response is worth nothing
    logs, weights = torch.zeros(3, 40, dtype=torch.float64), torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    sampled, told = SampledPolicy(rewards, logs, logs, weights), torch.tensor([1.0, 2.0], dtype=torch.float64)
    own = told[:, None, None] * rewards
    pairs = [
        (CHARGES["cumulant"](own, torch.zeros_like(own), 0.3), payments(sampled, told, 0.3)),
        (CHARGES["pay_as_reported"](own, torch.zeros_like(own), 0.3), valuations(sampled, told)),
        (CHARGES["zero"](own, own, 0.3), valuations(sampled, -told)),
    ]
    for statistic, expected in pairs:
        assert torch.allclose(estimated(statistic, weights).value, expected.value, atol=1e-12)
    cost = estimated(CHARGES["cumulant"](own, own, 0.3), weights)
    assert torch.allclose(-cost.value, utilities(sampled, told, 0.3).value, atol=1e-12)
    assert torch.allclose(-cost.low, utilities(sampled, told, 0.3).high, atol=1e-2)


def test_training_climbs_most_of_the_way() -> None:
    found = known()
    assert found["reported_objective"] - found["start"] > 0.9 * (found["best"] - found["start"])


def test_intervals_cover_the_exact_values() -> None:
    plan, game, adapters = played()
    repeats, covered = 8, Counter[str]()
    for seed in range(repeats):
        stages = listened(replace(game, seed=seed + 100), adapters, plan.tuner.evaluation)
        summary = Outcome(plan, **stages).summary()
        for key, value in known().items():
            rows = [row[key] for row in summary["agents"]] if value.ndim else [summary.get(key)]
            for row, number in zip(rows, value.reshape(-1).tolist(), strict=True):
                if row is not None:
                    covered[key] += row["low"] <= number <= row["high"]
                    covered[f"{key}, tried"] += 1
    tried = {key: covered[f"{key}, tried"] for key in known() if key not in ("start", "best")}
    assert all(count == repeats * (1 + known()[key].ndim) for key, count in tried.items()), tried
    assert {key for key, count in tried.items() if covered[key] < 0.6 * count} == set()
    assert sum(covered[key] for key in tried) > 0.87 * sum(tried.values())
