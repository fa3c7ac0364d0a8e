"""What was trained already is not trained again, and nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.lora import lora
from mechanisms.fine_tuners.rloo import rloo
from mechanisms.fine_tuners.trained import MOST_NUMBERS, Trained
from mechanisms.fine_tuners.training import recalled
from mechanisms.fine_tuners.training.climb import Progress
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from tests.letter_market import every_coalition, letter_market

BETA = 0.3
KL = DIVERGENCES["kl"]()
ROUNDING = 1e-9  # of objectives below 2 whose policies were trained by float64 sums in another order


@pytest.fixture(scope="module")
def market() -> tuple[Reference, Valuation]:
    """Two letters at most: 31 responses."""
    return letter_market()


# What is remembered


def trainings(tuner: Trained) -> tuple[Trained, list[int]]:
    """The same tuner with nothing remembered, and the sizes of the stacks that it trains from now on."""
    sizes: list[int] = []

    def watch(progress: Progress) -> None:
        if progress.step == 0:
            sizes.append(progress.adapters)

    return replace(tuner, recalled=recalled.Recalled(), watch=watch), sizes


def test_equal_rows_are_trained_once(market: tuple[Reference, Valuation]) -> None:
    reference, truth = market
    tuner, sizes = trainings(lora(KL, BETA, steps=3))
    rewards = every_coalition(truth)
    twice = torch.cat([rewards, rewards.flip(0)])
    policies = tuner(reference, twice)
    assert sizes == [7]
    assert torch.equal(policies[:7], policies[7:].flip(0))
    tuner(reference, rewards[:2]), tuner.value(reference, rewards), tuner.gap(reference, rewards[4])
    assert sizes == [7]
    tuner(reference, torch.cat([rewards[:3], 2 * rewards[:2]]))
    assert sizes == [7, 2]


def test_memory_is_bounded_and_forgetting_changes_no_number(
    market: tuple[Reference, Valuation], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call may want more than memory holds, old rows and new ones mixed: it is put together all the same."""
    reference, truth = market
    rewards = every_coalition(truth)
    whole, _ = trainings(lora(KL, BETA, steps=3))
    expected = whole(reference, rewards)
    row = whole.recalled.held // 7
    monkeypatch.setattr(recalled, "MOST_BYTES", 3 * row)
    tuner, sizes = trainings(lora(KL, BETA, steps=3))
    assert (tuner(reference, rewards[:2]) - expected[:2]).abs().max() < ROUNDING
    assert (tuner(reference, rewards) - expected).abs().max() < ROUNDING
    assert (tuner.recalled.held, len(tuner.recalled.rows)) == (3 * row, 3)
    assert sizes == [2, 5]
    assert (tuner(reference, rewards[:2]) - expected[:2]).abs().max() < ROUNDING
    assert sizes == [2, 5, 2]
    tuner(reference, rewards[:2])
    assert sizes == [2, 5, 2]


def test_large_stacks_are_trained_in_parts(
    market: tuple[Reference, Valuation], monkeypatch: pytest.MonkeyPatch
) -> None:
    reference, truth = market
    rewards = every_coalition(truth)
    whole, _ = trainings(lora(KL, BETA, steps=3))
    parts, sizes = trainings(whole)
    monkeypatch.setitem(MOST_NUMBERS, "cpu", 7 * parts.law(reference).footprint // 2)
    assert (parts(reference, rewards) - whole(reference, rewards)).abs().max() < ROUNDING
    assert sizes == [3, 3, 1]


def variations(reference: Reference, reward: Tensor) -> Iterator[tuple[str, Trained, Reference, Tensor]]:
    """Everything that training depends on, changed one at a time."""
    base = lora(KL, BETA, steps=3)
    yield "nothing", base, reference, reward
    for name, other in {"rank": 2, "layers": 1, "temperature": 0.9, "seed": 1, "steps": 4, "rate": 0.02}.items():
        yield name, lora(KL, BETA, **{"steps": 3, name: other}), reference, reward
    yield "beta", lora(KL, 0.4, steps=3), reference, reward
    yield "tuner", rloo(KL, BETA, steps=3, rate=0.03), reference, reward
    yield "estimator", rloo(KL, BETA, steps=3, rate=0.03, estimator="grpo"), reference, reward
    yield "samples", rloo(KL, BETA, steps=3, rate=0.03, samples=32), reference, reward
    yield "reward", base, reference, reward + 1e-12 * torch.arange(reward.shape[-1])
    yield "law", base, replace(reference, policy=(reference.policy + 1e-3) / (reference.policy + 1e-3).sum()), reward
    yield "prompt weights", base, replace(reference, prompt_weights=torch.tensor([0.9]).double()), reward
    said = reference.responses
    assert said is not None
    yield "prompts", base, replace(reference, responses=replace(said, prompts=("a",))), reward
    yield "texts", base, replace(reference, responses=replace(said, texts=(said.texts[0][::-1],))), reward
    yield "numbered", base, replace(reference, responses=None), reward
    start = base.adapters(reference, reward)
    yield "start", replace(base, start=start), reference, reward
    yield "other start", replace(base, start=start.each(lambda value: value + 1e-9)), reference, reward


def test_fine_tunes_are_known_by_all_that_they_depend_on(market: tuple[Reference, Valuation]) -> None:
    keys: dict[bytes, str] = {}
    for name, tuner, reference, reward in variations(market[0], market[1].total):
        tuner, sizes = trainings(tuner)
        tuner(reference, reward)
        assert len(sizes) == 1
        (key,) = tuner.recalled.rows
        assert key not in keys, (name, keys[key])
        keys[key] = name
    tuner, _ = trainings(lora(KL, BETA, steps=3))
    tuner(market[0], market[1].total + 3.0)
    (key,) = tuner.recalled.rows
    assert len(key) == 32
