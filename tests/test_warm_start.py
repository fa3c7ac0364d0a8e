"""Fine-tunes that go on from the last round's adapters, or from the last round's policy."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.catalogue import MECHANISMS
from mechanisms.language_models.adapters import Adapters
from mechanisms.valuation import Valuation
from simulate.contest import entries
from simulate.errors import BadInput
from simulate.load import load
from simulate.market import Market
from simulate.scenario import build

TRUTHFUL = {f"agents.{i}.strategy": "truthful" for i in range(3)}
SMALL = {"reference.length": 1, "replicates": 3, "mechanism.fine_tuner.steps": 4}
WARM = {**SMALL, "mechanism.repeated": "warm_start"}
ROUNDING = 1e-9  # of policies trained side by side in stacks of other sizes


def gaps(settings: dict, rounds: int) -> Tensor:
    """Optimality gaps of the deployed models, ``[T, B]``."""
    market, found = Market(build(load("tuned_market", settings))), []
    for _ in range(rounds):
        mechanism = market.mechanism
        market.step()
        found.append(mechanism.train.gap(market.last.reference, market.last.reports))
    return torch.stack(found)


def trained_on(mechanism: Mechanism, start: Adapters | None) -> Mechanism:
    """The mechanism, its fine-tunes started by hand."""
    tuner = replace(mechanism.train.fine_tuner, start=start)
    return replace(mechanism, train=replace(mechanism.train, fine_tuner=tuner))


def test_who_repeats_a_report_needs_fewer_steps_for_the_same_gap() -> None:
    warm = gaps({**TRUTHFUL, **WARM}, 3)
    cold = {steps: gaps({**TRUTHFUL, **SMALL, "mechanism.fine_tuner.steps": steps}, 1)[0] for steps in (4, 8)}
    assert torch.allclose(warm[0], cold[4], atol=ROUNDING)
    assert (warm.diff(dim=0) <= ROUNDING).all()  # the best on the way is kept, and the start is on the way
    assert (warm[1] < 0.7 * cold[4]).all()
    assert (warm[2] <= cold[8]).all()


def test_the_first_round_is_cold_and_games_of_a_batch_equal_games_alone() -> None:
    market = Market(build(load("tuned_market", WARM)))
    ordinary = market.scenario.mechanism
    assert market.mechanism.train.fine_tuner.start is None
    for _ in range(2):
        market.step()
    start, reports, reference = market.mechanism.train.fine_tuner.start, market.last.reports, market.last.reference
    assert start.count == 3
    together = market.mechanism(reference, reports)
    for b in range(3):
        mine = Valuation(reports.rewards[b : b + 1], reports.weights[b : b + 1])
        alone = trained_on(ordinary, start.of([b]))(reference, mine)
        assert torch.allclose(together.policy[b], alone.policy[0], atol=ROUNDING)
        assert torch.allclose(together.payments[b], alone.payments[0], atol=ROUNDING)
    cold = ordinary(reference, reports)
    assert (together.policy - cold.policy).abs().amax((1, 2)).min() > 1e-4


def test_the_state_is_what_was_deployed() -> None:
    """Its law is the round's policy: adapters belong to their game, and the last round's are not started from."""
    market = Market(build(load("tuned_market", WARM)))
    mechanism = market.mechanism
    market.step()
    law = mechanism.train.fine_tuner.law(market.last.reference)
    reference = market.last.reference.log.expand(3, -1, -1)
    reached = law.log_policy(market.state, reference).detach().exp()
    assert torch.allclose(reached, market.last.outcome.policy, atol=ROUNDING)
    assert (reached[0] - reached[1]).abs().max() > 1e-3


def test_drift_trains_from_the_last_policy_without_its_adapters() -> None:
    market = Market(build(load("tuned_market", {**TRUTHFUL, **SMALL, "drift": True})))
    market.step()
    first = market.last.outcome.policy
    ordinary, truth = market.scenario.mechanism, market.scenario.truth
    market.step()
    assert torch.equal(market.last.reference.policy, first)
    for b in range(3):
        alone = replace(market.last.reference, policy=first[b])
        again = ordinary(alone, Valuation(truth.rewards[b], truth.weights[b]))
        assert torch.allclose(market.last.outcome.policy[b], again.policy, atol=ROUNDING)
        assert torch.allclose(market.last.outcome.payments[b], again.payments, atol=ROUNDING)
    welfare = market.history.of("social_welfare")
    assert (welfare[1] > welfare[0]).all()  # the price of leaving the first reference is forgotten


def test_drift_and_a_warm_start_would_count_a_fine_tune_twice() -> None:
    with pytest.raises(BadInput, match=r"drift is True: allowed is false where mechanism\.repeated is warm_start"):
        load("tuned_market", {**WARM, "drift": True})


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"mechanism.fine_tuner": "exact"}, "warm_start goes on with the fine-tuners lora and rloo"),
        ({"mechanism.training": "median"}, "warm_start goes on with the training social_welfare"),
    ],
)
def test_only_what_trains_can_go_on(changed: dict, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence):
        build(load("tuned_market", {"mechanism.repeated": "warm_start", **changed}))


def test_claims_of_a_round_stay_and_comparisons_keep_the_warm_start() -> None:
    warm = load("tuned_market", WARM)
    recipe = MECHANISMS["vcg"].but(fine_tuner="lora")
    assert recipe.but(repeated="warm_start").claims == recipe.claims != frozenset()
    for config in entries(warm, ["no_payment", "vcg"]).values():
        assert config.mechanism.repeated == "warm_start"
    assert entries(load("tuned_market"), ["vcg"])["vcg"].mechanism.repeated is None
