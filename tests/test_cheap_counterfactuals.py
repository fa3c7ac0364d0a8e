"""Payments whose counterfactuals cost less than n fine-tunes, and what they cost in truthfulness instead."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms import AXIOMS, Recipe
from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.mirror import Mirror
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Deviations, Valuation
from tests.billing import ROUNDING, SMOOTH, best_gain, market
from tests.games import Game, games, one_game, random_lies

ALL = {"name": "max_in_range", "candidates": "all"}
EARLY = {"name": "early_stopped", "fraction": 0.3}
PAYMENTS = {
    "cumulant": "cumulant",
    "checkpoints": "checkpoints",
    "early_stopped": EARLY,
    "own": "max_in_range",
    "all": ALL,
}
BENT = {"name": "social_welfare", "influence": [1.0, 2.0, 0.5], "status_quo": 0.4}
THREE = games(max_agents=3, min_agents=3)


def hasty(payment: object, beta: float, steps: int = 3, rate: float = 0.4, **keys: object) -> Mechanism:
    """Social welfare, trained for a few steps."""
    return Recipe(
        beta=beta, fine_tuner={"name": "mirror", "steps": steps, "rate": rate}, payment=payment, **keys
    ).build()


def by_hand(rewards: list[list[float]], reference: list[float]) -> tuple[Reference, Valuation]:
    table = torch.tensor(rewards, dtype=torch.float64)[:, None]
    law = torch.tensor([reference], dtype=torch.float64)
    return Reference.of(law), Valuation(table, torch.ones(len(rewards), dtype=torch.float64))


def utilities_of(mechanism: Mechanism, reference: Reference, truth: Valuation) -> torch.Tensor:
    return utility(reference, truth, mechanism(reference, truth))


# The training run, looked at on the way


@pytest.mark.parametrize("steps", [1, 5, 16, 23])
@pytest.mark.parametrize("divergence", ["kl", "chi_squared"])
def test_checkpoints_are_the_run_given_up_early(divergence: str, steps: int) -> None:
    reference, truth = market(3, 5, 4)
    tuner = hasty("zero", 0.2, steps, divergence=divergence).train.fine_tuner
    assert isinstance(tuner, Mirror)
    run = tuner.checkpoints(reference, truth.total)
    assert run.shape == (min(16, steps), 4, 1, 5)
    assert torch.equal(run[-1], tuner(reference, truth.total))
    marks = [steps * (c + 1) // len(run) for c in range(len(run))]
    for mark, policy in zip(marks, run, strict=True):
        assert torch.equal(policy, tuner.stopped(mark / steps - 1e-9)(reference, truth.total))
    assert tuner.stopped(1e-9).steps == 1
    assert tuner.stopped(1.0) == tuner


@pytest.mark.parametrize("payment", ["checkpoints", "early_stopped"])
def test_a_run_is_needed_to_look_at(payment: str) -> None:
    reference, truth = market(2, 4, 1)
    for tuner in ("exact", "replies"):
        with pytest.raises(ValueError, match=f"payment {payment} needs .* mirror, lora, rloo; it is {tuner}"):
            Recipe(payment=payment, fine_tuner=tuner).build()(reference, truth)
    with pytest.raises(ValueError, match=f"payment {payment} needs training social_welfare; it is scored"):
        hasty(payment, 1.0, training="copeland")(reference, truth)


def test_options_say_what_is_wrong() -> None:
    reference, truth = market(2, 4, 1)
    with pytest.raises(ValueError, match=r"fraction is 0\.0; allowed is above 0 and up to 1"):
        hasty({"name": "early_stopped", "fraction": 0.0}, 1.0)(reference, truth)
    with pytest.raises(ValueError, match="candidates is 'some'; allowed are own, all"):
        hasty({"name": "max_in_range", "candidates": "some"}, 1.0)(reference, truth)


# Contracts


@pytest.mark.parametrize("training", ["social_welfare", BENT], ids=["plain", "bent"])
@pytest.mark.parametrize("payment", PAYMENTS)
@settings(max_examples=6)
@given(game=THREE)
def test_deviator_pays_what_it_would_pay_in_the_profile_written_out(payment: str, training: object, game: Game) -> None:
    mechanism, lies = hasty(PAYMENTS[payment], game.beta, training=training), random_lies(game, 2)
    together = mechanism(game.reference, Deviations(game.truth, EVERYONE, lies)).payments
    assert together.shape == (2, 3, 1)
    for m in range(2):
        for i in range(3):
            rewards, weights = game.truth.rewards.clone(), game.truth.weights.clone()
            rewards[i], weights[i] = lies.rewards[m, i], lies.weights[m, i]
            alone = mechanism(game.reference, Valuation(rewards, weights)).payments
            assert torch.allclose(together[m, i, 0], alone[i], atol=1e-10)


@pytest.mark.parametrize("payment", PAYMENTS)
def test_batching_equals_looping(payment: str) -> None:
    reference, truth = market(3, 5, 4)
    laws = reference.policy * torch.rand(4, 1, 5, generator=torch.Generator().manual_seed(1)).double()
    laws = laws / laws.sum(-1, keepdim=True)
    mechanism = hasty(PAYMENTS[payment], 0.2, training=BENT)
    together = mechanism(Reference.of(laws), truth).payments
    for game in range(4):
        alone = mechanism(Reference.of(laws[game]), truth.only(game)).payments
        assert torch.allclose(together[game], alone, atol=1e-12)


@pytest.mark.parametrize("candidates", ["own", "all"])
@pytest.mark.parametrize("divergence", ["kl", "chi_squared"])
@settings(max_examples=10)
@given(game=THREE)
def test_with_an_exact_tuner_the_range_adds_nothing(candidates: str, divergence: str, game: Game) -> None:
    payment = {"name": "max_in_range", "candidates": candidates}
    ranged, plain = (
        Recipe(BENT, divergence, game.beta, payment=each).build()(game.reference, game.truth).payments
        for each in (payment, "affine_maximizer")
    )
    assert torch.allclose(ranged, plain, atol=1e-9)
    assert bool((ranged >= 0).all())


@settings(max_examples=10)
@given(game=THREE)
def test_stopped_at_the_end_is_the_affine_maximizer(game: Game) -> None:
    whole, plain = (
        hasty(each, game.beta, training=BENT)(game.reference, game.truth).payments
        for each in ({"name": "early_stopped", "fraction": 1.0}, "affine_maximizer")
    )
    assert torch.equal(whole, plain)


@settings(max_examples=10)
@given(game=THREE, steps=st.integers(2, 9))
def test_payments_are_their_formulas_written_out(game: Game, steps: int) -> None:
    """Agent by agent, with profiles that do not hold the agent, and every checkpoint trained from the start."""
    reference, truth = game.reference, game.truth
    passed, early = (hasty(each, game.beta, steps, training=BENT) for each in ("checkpoints", EARLY))
    train, policy = passed.train, passed.train(reference, truth)
    for i, influence in enumerate((1.0, 2.0, 0.5)):
        others = Valuation(truth.rewards, truth.weights * (torch.arange(3) != i))
        deployed = train.objective(reference, others, policy)
        run = [train.fine_tuner.stopped(t / steps)(reference, train.reward(reference, truth)) for t in range(1, steps)]
        best = max([deployed, *(train.objective(reference, others, each) for each in run)])
        assert passed(reference, truth).payments[i] == pytest.approx(float(best - deployed) / influence, abs=1e-10)
        tuner = Mirror(train.fine_tuner.divergence, game.beta, -(-3 * steps // 10), 0.4)
        sooner = train.objective(reference, others, tuner(reference, train.reward(reference, others)))
        assert early(reference, truth).payments[i] == pytest.approx(float(sooner - deployed) / influence, abs=1e-10)


# Signs


@pytest.mark.parametrize("divergence", SMOOTH)
@settings(max_examples=8)
@given(game=games(), steps=st.integers(1, 20), rate=st.floats(0.05, 1.0))
def test_no_payment_is_negative_and_a_run_that_climbs_harms_nobody(
    divergence: str, game: Game, steps: int, rate: float
) -> None:
    for payment in ("checkpoints", "max_in_range", ALL):
        outcome = (mechanism := hasty(payment, game.beta, steps, rate, divergence=divergence))(
            game.reference, game.truth
        )
        assert bool((outcome.payments >= 0).all())
        if payment == "checkpoints":
            assert "individually_rational" in mechanism.claims
            assert utility(game.reference, game.truth, outcome).min() >= -ROUNDING * (1 + game.truth.weights.sum())


def test_somebody_is_paid_for_the_others_gain_where_models_stop_early() -> None:
    """Two agents who agree: together they push the model further than one of them could, in the same few steps."""
    reference, truth = by_hand([[1.0, 0.0], [1.0, 0.0]], [0.5, 0.5])
    early, ranged = (hasty(each, 0.5, 2, 0.3)(reference, truth).payments for each in (EARLY, "max_in_range"))
    assert bool((early < -0.02).all())
    assert bool((ranged == 0).all())


def test_candidates_of_everybody_bill_the_absent() -> None:
    """The second agent slows training towards the first one's favourite; without it the model is better for all."""
    reference, truth = by_hand([[1.0, 0.0], [0.0, 0.5], [0.3, 0.9]], [0.5, 0.5])
    truth = Valuation(truth.rewards, torch.tensor([1.0, 1.0, 0.0], dtype=torch.float64))
    own, every = (hasty(each, 0.5, 1, 0.5)(reference, truth).payments for each in ("max_in_range", ALL))
    assert own[2] == 0
    assert every[2] > 0.01


# Incentives


def regret_beyond_gap(payment: object, game: Game, steps: int, training: object) -> torch.Tensor:
    """Each agent's regret less the gap at the truth: ``[n]``."""
    mechanism = hasty(payment, game.beta, steps, training=training)
    gain = best_gain(mechanism, game.reference, game.truth, random_lies(game, 40))
    return gain - mechanism.train.gap(game.reference, game.truth) / mechanism.train.influence


@pytest.mark.parametrize("training", ["social_welfare", BENT], ids=["plain", "bent"])
@settings(max_examples=25)
@given(game=THREE, steps=st.integers(1, 8))
def test_regret_is_at_most_the_gaps(training: object, game: Game, steps: int) -> None:
    """Early stopping costs no truthfulness beyond the deployed model's gap; a range costs the other model's gap."""
    assert regret_beyond_gap(EARLY, game, steps, training).max() <= 1e-9
    train = hasty("zero", game.beta, steps, training=training).train
    without = train.gap(game.reference, game.truth.others()) / train.influence
    for payment in ("max_in_range", ALL):
        assert (regret_beyond_gap(payment, game, steps, training) - without).max() <= 1e-9


def test_a_range_may_cost_more_than_the_gap_of_the_deployed_model() -> None:
    """The deployed model is the others' best at the truth, by luck; a lie trains on and pays no more for it."""
    reference, truth = by_hand([[1.0, 0.0], [1.0, 0.0]], [0.5, 0.5])
    lies = Valuation((3.0 * truth.rewards)[None], torch.ones(1, 2, dtype=torch.float64))
    mechanism = hasty("max_in_range", 0.5, 1, 0.5)
    gap, others = (mechanism.train.gap(reference, each) for each in (truth, truth.others()))
    regret = best_gain(mechanism, reference, truth, lies)
    assert bool((regret > gap + 0.01).all())
    assert bool((regret <= gap + others + ROUNDING).all())
    assert "incentive_compatible" not in mechanism.claims


def test_hurrying_past_the_others_favourites_pays_under_checkpoints() -> None:
    reference, truth = by_hand([[1.0, 0.0], [0.0, 1.0]], [0.5, 0.5])
    mechanism = hasty("checkpoints", 0.3, 20, 0.4)
    loud = Valuation(truth.rewards[None], torch.full((1, 2), 30.0, dtype=torch.float64))
    assert mechanism.train.gap(reference, truth) < 1e-4
    assert best_gain(mechanism, reference, truth, loud).min() > 0.3
    assert "incentive_compatible" not in mechanism.claims
    loud_pays = deviation_utilities(hasty("max_in_range", 0.3, 20, 0.4), reference, truth, truth, EVERYONE, loud)
    assert bool((loud_pays < utilities_of(hasty("max_in_range", 0.3, 20, 0.4), reference, truth)).all())


@pytest.mark.parametrize("payment", PAYMENTS)
@pytest.mark.parametrize("steps", [2, 10])
def test_what_is_claimed_of_a_hasty_tuner_is_found(payment: str, steps: int) -> None:
    games = one_game(
        [0.2, 0.3, 0.4, 0.1], [[1.0, 0.2, 0.0, 0.5], [0.9, 0.3, 0.1, 0.4], [0.0, 1.0, 0.6, 0.2]], [1, 2, 1]
    )
    mechanism = hasty(PAYMENTS[payment], 0.2, steps, 0.3)
    assert "anonymous" in mechanism.claims
    for axiom in mechanism.claims:
        assert AXIOMS[axiom](mechanism, games).violation.max() <= 1e-8, axiom


def test_what_is_claimed_depends_on_the_tuner() -> None:
    claims = {
        (payment, tuner): Recipe(payment=payment, fine_tuner=tuner).claims
        for payment in ("checkpoints", "early_stopped", "max_in_range", "affine_maximizer", "cumulant")
        for tuner in ("exact", "mirror", "lora", "rloo")
    }
    assert claims["max_in_range", "exact"] == claims["affine_maximizer", "exact"]
    assert claims["max_in_range", "rloo"] == {"anonymous", "no_deficit"}
    assert claims["checkpoints", "rloo"] == {"anonymous", "no_deficit"}
    assert claims["checkpoints", "lora"] == {"anonymous", "no_deficit", "individually_rational"}
    assert claims["cumulant", "rloo"] == {"anonymous", "no_deficit", "individually_rational"}
    assert claims["early_stopped", "rloo"] == {"anonymous", "incentive_compatible"}


# A wrong way


@settings(max_examples=20)
@given(game=games(), steps=st.integers(1, 5))
def test_an_exact_counterfactual_against_a_hasty_model_charges_everybody_its_gap(game: Game, steps: int) -> None:
    """Do not do this: either both sides are trained alike, or neither."""
    mechanism, exact = hasty("zero", game.beta, steps), Recipe(beta=game.beta).build()
    policy, others = mechanism.train(game.reference, game.truth), game.truth.others()
    best = exact.train.value(game.reference, others)
    wrong = best - mechanism.train.objective(game.reference, others, policy)
    own = game.truth.weights * game.truth.expected_rewards(game.reference, policy)
    gap = mechanism.train.gap(game.reference, game.truth)
    fair = own + best - exact.train.value(game.reference, game.truth)  # as if the model were the optimum
    assert torch.allclose(wrong - fair, gap.expand_as(wrong), atol=1e-9)
    assert torch.allclose(own - wrong, utilities_of(exact, game.reference, game.truth) - gap, atol=1e-9)


def test_an_exact_counterfactual_against_a_hasty_model_may_make_taking_part_a_loss() -> None:
    reference, truth = by_hand([[1.0, 0.0, 0.0], [0.1, 0.0, 0.0]], [0.1, 0.5, 0.4])
    mechanism = hasty("max_in_range", 0.2, 2, 0.3)
    policy, others = mechanism.train(reference, truth), truth.others()
    exact = Exact(mechanism.train.fine_tuner.divergence, 0.2)
    wrong = exact.value(reference, others.total) - mechanism.train.objective(reference, others, policy)
    own = truth.weights * truth.expected_rewards(reference, policy)
    assert (own - wrong)[1] == pytest.approx(-0.0149, abs=1e-4)
    assert utilities_of(Recipe(beta=0.2).build(), reference, truth)[1] == pytest.approx(0.0954, abs=1e-4)
    assert utilities_of(mechanism, reference, truth).min() >= 0
