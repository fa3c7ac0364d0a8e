"""Contracts of every payment rule: variations, batches, absence, padding, dominant truth."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms import DIVERGENCES, PAYMENT_RULES, Recipe
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.groves import groves
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Deviations, Valuation
from tests.billing import ROUNDING, SOLVED, best_gain, market, paid, rule_for
from tests.games import Game, games, random_lies

SLOTS = {"bailey", "cavallo", "agv"}  # payments that count slots: an absent agent makes one


@pytest.mark.parametrize("payment", PAYMENT_RULES)
@settings(max_examples=6)
@given(game=games(max_agents=3))
def test_deviator_pays_what_it_would_pay_in_the_profile_written_out(payment: str, game: Game) -> None:
    train, lies = rule_for(payment, game.beta), random_lies(game, 3)
    together = paid(train, payment, game.reference, Deviations(game.truth, EVERYONE, lies))
    assert together.shape == (*lies.weights.shape, 1)
    assert torch.isfinite(together).all()
    last = Deviations(game.truth, torch.tensor([-1]), Valuation(lies.rewards[:, -1:], lies.weights[:, -1:]))
    assert torch.allclose(paid(train, payment, game.reference, last), together[:, -1:], atol=1e-10)
    for m in range(3):
        for i in range(len(game.truth.weights)):
            rewards, weights = game.truth.rewards.clone(), game.truth.weights.clone()
            rewards[i], weights[i] = lies.rewards[m, i], lies.weights[m, i]
            alone = paid(train, payment, game.reference, Valuation(rewards, weights))
            assert torch.allclose(together[m, i, 0], alone[i], atol=1e-10)


@pytest.mark.parametrize("payment", PAYMENT_RULES)
@settings(max_examples=6)
@given(game=games(max_agents=3))
def test_batching_equals_looping(payment: str, game: Game) -> None:
    """Over profiles, and over references that come with them."""
    train, rng = rule_for(payment, game.beta), torch.Generator().manual_seed(game.seed)
    laws = game.reference.policy * (0.1 + torch.rand(3, *game.reference.policy.shape, generator=rng).double())
    laws = laws / laws.sum(-1, keepdim=True)
    many = Valuation(torch.rand(3, *game.truth.rewards.shape, generator=rng).double(), game.truth.weights.expand(3, -1))
    together = paid(train, payment, Reference.of(laws), many)
    for b in range(3):
        alone = paid(train, payment, Reference.of(laws[b]), Valuation(many.rewards[b], many.weights[b]))
        assert torch.allclose(together[b], alone, atol=1e-10)


@pytest.mark.parametrize("payment", PAYMENT_RULES)
@settings(max_examples=6)
@given(game=games(max_agents=3), first=st.booleans())
def test_an_absent_agent_changes_nobody_elses_payment(payment: str, game: Game, first: bool) -> None:
    """Nor do its rewards; payments that count slots are held to the second only."""
    train, present = rule_for(payment, game.beta), Valuation(game.truth.rewards, game.truth.weights + 0.1)
    bills = []
    for reward in (0.0, 1.0):
        silent, nothing = torch.full_like(present.rewards[:1], reward), torch.zeros_like(present.weights[:1])
        pieces = (silent, present.rewards) if first else (present.rewards, silent)
        weights = (nothing, present.weights) if first else (present.weights, nothing)
        bill = paid(train, payment, game.reference, Valuation(torch.cat(pieces), torch.cat(weights)))
        bills.append(bill[1:] if first else bill[:-1])
    assert torch.allclose(bills[0], bills[1], atol=1e-10)
    if payment not in SLOTS:
        assert torch.allclose(bills[0], paid(train, payment, game.reference, present), atol=1e-10)


@pytest.mark.parametrize("payment", PAYMENT_RULES)
@settings(max_examples=6)
@given(game=games(max_agents=3, max_responses=4))
def test_padding_is_never_billed(payment: str, game: Game) -> None:
    train, rewards = rule_for(payment, game.beta), game.truth.rewards
    padded = Reference.of(torch.cat([game.reference.policy, torch.zeros_like(game.reference.policy[:, :1])], -1))
    bills = []
    for reward in (0.0, 1000.0):
        extra = torch.full_like(rewards[..., :1], reward)
        reports = Valuation(torch.cat([rewards, extra], -1), game.truth.weights)
        bills.append(paid(train, payment, padded, reports))
    assert torch.isfinite(bills[0]).all()
    assert torch.allclose(bills[0], bills[1], atol=1e-10)


@pytest.mark.parametrize("divergence", DIVERGENCES)
@pytest.mark.parametrize("payment", ["groves", "bailey", "cavallo", "mosaic"])
@settings(max_examples=6)
@given(game=games(max_agents=3))
def test_groves_payments_are_dsic(payment: str, divergence: str, game: Game) -> None:
    fine_tuner = {"name": "replies", "samples": 4} if payment == "mosaic" else "exact"
    mechanism = Recipe(divergence=divergence, beta=game.beta, fine_tuner=fine_tuner, payment=payment).build()
    bound = ROUNDING if mechanism.train.fine_tuner.divergence.optimum is not None else SOLVED
    assert best_gain(mechanism, game.reference, game.truth, random_lies(game, 20)).max() <= bound


def test_affine_maximizers_with_influence_and_boosts_stay_dsic_under_every_rebate() -> None:
    reference, truth = market(3, 5, 20)
    rng = torch.Generator().manual_seed(1)
    lies = Valuation(
        torch.rand(30, 3, 20, 1, 5, generator=rng).double(), 3 * torch.rand(30, 3, 20, generator=rng).double()
    )
    training = {"name": "social_welfare", "influence": [1.0, 2.0, 0.5], "boosts": [[0.3, 0.0, 0.0, 0.1, 0.0]]}
    for payment in ("groves", "bailey", "cavallo", "mosaic"):
        mechanism = Recipe(training=training, beta=0.2, payment=payment).build()
        assert best_gain(mechanism, reference, truth, lies).max() <= ROUNDING, payment
    path = Recipe(training=training, beta=0.2, payment="rochet_path").build()(reference, truth).payments
    exact = Recipe(training=training, beta=0.2).build()(reference, truth).payments
    assert torch.allclose(path, exact, atol=1e-8)
    with pytest.raises(ValueError, match=r"agv: influence is .* allowed is 1"):
        Recipe(training=training, payment="agv").build()(reference, truth)


@given(game=games(), constant=st.floats(-3, 3))
def test_groves_utility_is_the_objective(game: Game, constant: float) -> None:
    train = rule_for("groves", game.beta)
    policy = train(game.reference, game.truth)
    bill = groves(train, game.reference, game.truth, policy, constant=constant)
    utility = game.truth.weights * game.truth.expected_rewards(game.reference, policy) - bill
    objective = train.objective(game.reference, game.truth, policy)
    assert torch.allclose(utility, (objective - constant).expand_as(utility), atol=ROUNDING)


def test_options_say_what_is_wrong() -> None:
    reference, truth = market(3, 4, 1)
    for payment, sentence in (
        ({"name": "segment_auction", "relevance": [1.0, 0.0, 1.0]}, r"relevance is .* above 0"),
        ({"name": "segment_auction", "relevance": [1.0, 2.0]}, r"relevance is .* each agent"),
        ({"name": "rochet_path", "steps": 0}, "steps is 0; allowed is 1"),
    ):
        with pytest.raises(ValueError, match=sentence):
            Recipe(payment=payment).build()(reference, truth)


def test_rebates_do_not_look_at_the_lie() -> None:
    """What depends on the others alone is worked out once for all lies: no lies axis reaches it."""
    reference, truth = market(3, 4, 1)
    reports = Valuation(truth.rewards[0], truth.weights[0])
    train, sizes = rule_for("bailey", 0.3), []

    @dataclass(frozen=True)
    class Counting(Exact):
        def value(self, reference: Reference, reward: torch.Tensor) -> torch.Tensor:
            sizes.append(reward[..., 0, 0].numel())
            return super().value(reference, reward)

    counted = replace(train, fine_tuner=Counting(train.fine_tuner.divergence, 0.3))
    lies = Valuation(torch.rand(100, 3, 1, 4).double(), torch.ones(100, 3).double())
    paid(counted, "bailey", reference, Deviations(reports, EVERYONE, lies))
    assert sorted(sizes) == [3, 9]
