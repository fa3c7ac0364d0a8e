"""Two ways to get fine-tuning markets wrong, kept as warnings: what they do to objectives, payments and utilities."""

from __future__ import annotations

import pytest
import torch

from mechanisms import Recipe
from mechanisms.base import Outcome, utility, valuations
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from tests.letter_market import every_coalition, gain_reached, letter_market

BETA = 0.3


@pytest.fixture(scope="module")
def market() -> tuple[Reference, Valuation]:
    return letter_market()


def test_scaling_by_the_groups_spread_with_kl_in_the_loss_climbs_something_else(
    market: tuple[Reference, Valuation],
) -> None:
    """Advantages in units of their spread forget beta, and each coalition's spread is another: models of some end far
    below the base model's objective, one payment is seven times too large and another is negative.

    Measured, as shares of the way from the base model to the optimum: the seven coalitions between -3.4 and 0.95, and
    0.97 or more with the leave-one-out estimator; payments 1.45, 1.12, -0.03 instead of 0.21, 0.27, 0.10.
    """
    reference, truth = market
    exact = Recipe(beta=BETA).build()(reference, truth).payments
    reached, paid = {}, {}
    for estimator in ("grpo", "rloo"):
        fine_tuner = {"name": "rloo", "steps": 60, "estimator": estimator}
        mechanism = Recipe(beta=BETA, fine_tuner=fine_tuner).build()
        reached[estimator] = gain_reached(mechanism.train.fine_tuner, reference, every_coalition(truth))
        paid[estimator] = mechanism(reference, truth).payments
    assert reached["rloo"].min() > 0.95
    assert int((reached["grpo"] < 0).sum()) >= 3
    assert reached["grpo"].min() < -2
    wrong, right = ((paid[estimator] - exact).abs() / exact for estimator in ("grpo", "rloo"))
    assert right.max() < 0.15
    assert wrong.min() > 0.5
    assert wrong.max() > 4
    assert paid["grpo"].min() < 0
    assert paid["rloo"].min() > 0


def test_scaling_by_the_groups_spread_does_not_hear_how_loud_a_bid_is(market: tuple[Reference, Valuation]) -> None:
    """One agent alone, ten times the weight: the same model, where it should give ten times as much for the reward."""
    reference, truth = market
    for estimator, deaf in (("grpo", True), ("rloo", False)):
        tuner = Recipe(beta=BETA, fine_tuner={"name": "rloo", "steps": 30, "estimator": estimator}).build().train
        quiet, loud = (tuner.fine_tuner(reference, weight * truth.rewards[1]) for weight in (0.1, 1.0))
        assert ((loud - quiet).abs().sum() / 2 < 0.15) == deaf


@pytest.mark.parametrize("tuner", ["lora", "rloo"])
def test_an_exact_counterfactual_against_an_under_trained_model_charges_everybody_the_gap(
    tuner: str, market: tuple[Reference, Valuation]
) -> None:
    """The externality's first term at the true optimum, its second at a model that stopped early."""
    reference, truth = market
    mechanism, exact = (Recipe(beta=BETA, fine_tuner=each).build() for each in ({"name": tuner, "steps": 10}, "exact"))
    policy, others = mechanism.train(reference, truth), truth.others()
    gap = mechanism.train.gap(reference, truth)
    best = exact.train.value(reference, others)
    wrong = best - mechanism.train.objective(reference, others, policy)
    as_if_optimal = valuations(reference, truth, policy) + best - exact.train.value(reference, truth)
    assert gap > 0.03
    assert torch.allclose(wrong - as_if_optimal, gap.expand(3), atol=1e-9)
    honest = utility(reference, truth, exact(reference, truth))
    assert torch.allclose(utility(reference, truth, Outcome(policy, wrong)), honest - gap, atol=1e-9)


def test_an_exact_counterfactual_against_an_under_trained_model_makes_taking_part_a_loss(
    market: tuple[Reference, Valuation],
) -> None:
    """A small agent pays 0.07 more than the model is worth to it; billed by models trained alike, or by one, nobody."""
    reference, whole = market
    truth = Valuation(whole.rewards, torch.tensor([1.0, 1.0, 0.1], dtype=torch.float64))
    fine_tuner = {"name": "lora", "steps": 10}
    ranged, one, exact = (
        Recipe(beta=BETA, fine_tuner=each, payment=payment).build()
        for each, payment in ((fine_tuner, "max_in_range"), (fine_tuner, "cumulant"), ("exact", "affine_maximizer"))
    )
    policy, others = ranged.train(reference, truth), truth.others()
    wrong = exact.train.value(reference, others) - ranged.train.objective(reference, others, policy)
    lost = utility(reference, truth, Outcome(policy, wrong))
    assert lost.min() < -0.05
    assert utility(reference, truth, exact(reference, truth)).min() >= 0
    for fair in (ranged, one):
        assert utility(reference, truth, fair(reference, truth)).min() >= 0
