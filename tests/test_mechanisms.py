"""The identities that carry the mechanisms (their claims are put to the test in test_axioms.py)."""

from __future__ import annotations

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from mechanisms import DIVERGENCES, MECHANISMS, MESSAGES, Recipe
from mechanisms.base import utility
from mechanisms.deviation import deviation_utilities
from mechanisms.messages.base import MessageSpace
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.cumulant import cumulant
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Valuation
from strategies.sharpen import sharpened
from tests.games import Game, games, random_lies

ROUNDING = 1e-9  # of utilities up to 12, through a solve whose objective is good to 1e-10


def batch(game: Game, count: int = 8) -> tuple[Reference, Valuation]:
    """The game and perturbed copies of it, as one batch."""
    rng = torch.Generator().manual_seed(game.seed)
    rewards = torch.rand(count, *game.truth.rewards.shape, generator=rng, dtype=torch.float64)
    return game.reference, Valuation(rewards, game.truth.weights.expand(count, -1))


@pytest.mark.parametrize("divergence", DIVERGENCES)
@given(game=games())
def test_affine_maximizer_is_dsic_rational_and_never_pays_out(divergence: str, game: Game) -> None:
    """Prop. 4.4, for rewards and weights jointly, on random games, for every divergence."""
    mechanism = Recipe(divergence=divergence, beta=game.beta).build()
    honest = utility(game.reference, game.truth, mechanism(game.reference, game.truth))
    told = random_lies(game, 40)
    lied = deviation_utilities(mechanism, game.reference, game.truth, game.truth, EVERYONE, told)
    assert (lied - honest).max() <= ROUNDING
    assert honest.min() >= -ROUNDING
    assert mechanism(game.reference, game.truth).payments.min() >= -ROUNDING


@given(game=games(), others=st.integers(0, 2**31))
def test_affine_maximizer_is_dsic_against_lying_others(game: Game, others: int) -> None:
    mechanism = Recipe(beta=game.beta).build()
    lying = Game(game.reference, game.truth, game.beta, others)
    reports = random_lies(lying, 1)
    everyone_lies = Valuation(reports.rewards[0], reports.weights[0])
    honest = Valuation(game.truth.rewards[None], game.truth.weights[None])
    truth_told = deviation_utilities(mechanism, game.reference, game.truth, everyone_lies, EVERYONE, honest)
    lied = deviation_utilities(mechanism, game.reference, game.truth, everyone_lies, EVERYONE, random_lies(game, 40))
    assert (lied - truth_told).max() <= ROUNDING


@given(games(spread=100.0))
def test_cumulant_payments_equal_leave_one_out(game: Game) -> None:
    train = Recipe(beta=game.beta).build().train
    policy = train(game.reference, game.truth)
    exact = affine_maximizer(train, game.reference, game.truth, policy)
    assert torch.allclose(cumulant(train, game.reference, game.truth, policy), exact, atol=1e-10)


@pytest.mark.parametrize("space", ["sum_to_one", "max_one"])
@pytest.mark.parametrize("divergence", [d for d in DIVERGENCES if d != "total_variation"])
@given(game=games(max_prompts=1, spread=5.0), epsilon=st.floats(0.01, 0.2))
def test_theorem_4_2_lie_pays_without_payment(space: str, divergence: str, game: Game, epsilon: float) -> None:
    """In every game it applies to: two reward values at least, none of them zero, every response trained on."""
    assume((game.reference.policy > 1e-6).all())
    messages = MessageSpace(space, MESSAGES[space], game.reference.policy > 0)
    truth = messages.project(Valuation(game.truth.rewards + 0.05, game.truth.weights.clamp(min=0.2)))
    mechanism = Recipe(divergence=divergence, beta=game.beta * 3, payment="zero").build()
    policy = mechanism(game.reference, truth).policy
    lie = Valuation(sharpened(truth.rewards, messages, epsilon)[None], truth.weights[None])
    reached = deviation_utilities(mechanism, game.reference, truth, truth, EVERYONE, lie)[0]
    gain = reached - utility(game.reference, truth, mechanism(game.reference, truth))
    room = truth.rewards.flatten(1)
    applies = (room.amin(1) > 1e-3) & (room.amax(1) < 1 - 1e-3 if space == "sum_to_one" else room.amin(1) < 0.999)
    applies &= room.amax(1) - room.amin(1) > 1e-3
    assume(policy.min() > 1e-6)  # the theorem's standing assumption: the optimum is interior
    assert (gain[applies] > 0).all()
    assert messages.violation(Valuation(lie.rewards[0], lie.weights[0])).max() <= 1e-12


@pytest.mark.parametrize("name", MECHANISMS)
@given(game=games(max_agents=3))
def test_batching_equals_looping(name: str, game: Game) -> None:
    mechanism = MECHANISMS[name].but(beta=game.beta).build()
    reference, many = batch(game)
    together = mechanism(reference, many)
    for b in range(len(many.weights)):
        alone = mechanism(reference, Valuation(many.rewards[b], many.weights[b]))
        assert torch.allclose(together.policy[b], alone.policy, atol=1e-7)
        assert torch.allclose(together.payments[b], alone.payments, atol=1e-7)


@pytest.mark.parametrize("training", ["nash_welfare", "egalitarian"])
@pytest.mark.parametrize("divergence", [d for d in DIVERGENCES if d != "total_variation"])
@given(game=games(max_agents=5, spread=100.0))
def test_concave_rules_close_their_duality_gap(training: str, divergence: str, game: Game) -> None:
    """Weak duality: at the policy's own marginal worths y, V(y.r) - W_*(y) bounds every policy's objective."""
    assume((game.truth.weights > 0).any())
    train = Recipe(training=training, divergence=divergence, beta=game.beta).build().train
    policy = train(game.reference, game.truth)
    reached = train.objective(game.reference, game.truth, policy).item()
    linear = Recipe(divergence=divergence, beta=game.beta).build().train
    rng = torch.Generator().manual_seed(game.seed)
    for scale in (1e-2, 1e-4):
        noise = torch.randn(100, *policy.shape, generator=rng, dtype=torch.float64)
        rivals = policy * (1 + scale * noise).clamp(min=0)
        rivals = rivals / rivals.sum(-1, keepdim=True)
        assert train.objective(game.reference, game.truth, rivals).max().item() <= reached + 1e-9 * (1 + abs(reached))
    if training == "nash_welfare":
        expected = game.truth.expected_rewards(game.reference, policy)
        worth = Valuation(game.truth.rewards, game.truth.weights / expected)
        bound = (
            linear.value(game.reference, worth)
            - game.truth.weights.sum()
            + torch.xlogy(game.truth.weights, expected).sum()
        )
        assert bound.item() - reached == pytest.approx(0, abs=1e-9 * (1 + abs(reached)))


def test_affine_maximizer_family_with_influence_and_boosts() -> None:
    rng = torch.Generator().manual_seed(2)
    reference = Reference.of(torch.full((1, 5), 0.2, dtype=torch.float64))
    truth = Valuation(torch.rand(64, 3, 1, 5, generator=rng).double(), torch.ones(64, 3, dtype=torch.float64))
    lies = Valuation(
        torch.rand(30, 3, 64, 1, 5, generator=rng).double(), 3 * torch.rand(30, 3, 64, generator=rng).double()
    )
    training = {"name": "social_welfare", "influence": [1.0, 2.0, 0.5], "boosts": [[0.3, 0.0, 0.0, 0.1, 0.0]]}
    mechanism = Recipe(training=training, beta=0.2).build()
    lied = deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies)
    assert (lied - utility(reference, truth, mechanism(reference, truth)).movedim(-1, 0)).max() <= ROUNDING
    plain = Recipe(beta=0.2).build()(reference, truth).policy
    assert (mechanism(reference, truth).policy - plain).abs().max() > 0.01
    policy = mechanism(reference, truth).policy
    assert torch.allclose(
        cumulant(mechanism.train, reference, truth, policy), mechanism(reference, truth).payments, atol=1e-10
    )


def test_menu_reproduces_the_base_papers_table_2() -> None:
    """arXiv 2405.16276, Table 2, w = (3, 2, 1): group 1 scales its weight; six candidate models.

    The table's numbers are published; the models' values are reconstructed from them.
    """
    models = [(1, 0, 0), (0.8862, 0.1126, 0.1915), (0.2627, 0.5783, 1), (0, 1, 0.505), (0.0668, 0.9297, 0.5566),
              (0.9332, 0.1205, 0.0085)]  # fmt: skip
    rewards = torch.tensor(models, dtype=torch.float64).T[:, None]
    menu = {"name": "menu", "policies": torch.eye(6, dtype=torch.float64)[:, None].tolist()}
    mechanism = Recipe(fine_tuner=menu, beta=0.0).build()
    reference = Reference.of(torch.full((1, 6), 1 / 6, dtype=torch.float64))
    truth = Valuation(rewards, torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64))
    factors = torch.tensor([0.2, 0.5, 1, 1.5, 2, 3], dtype=torch.float64)
    reports = Valuation(rewards, torch.stack([3 * factors, 0 * factors + 2, 0 * factors + 1], -1))
    outcome = mechanism(reference, reports)
    valuation = truth.weights * truth.expected_rewards(reference, outcome.policy)
    assert valuation[:, 0].tolist() == pytest.approx([0.00, 0.79, 2.66, 3.00, 3.00, 3.00], abs=0.006)
    assert (valuation - outcome.payments)[:, 0].tolist() == pytest.approx(
        [0.00, 0.44, 0.57, 0.50, 0.50, 0.50], abs=0.006
    )
    assert valuation.sum(-1).tolist() == pytest.approx([2.51, 2.94, 3.08, 3.00, 3.00, 3.00], abs=0.006)


@pytest.mark.parametrize("training", ["nash_welfare", "egalitarian"])
def test_concave_rules_on_a_menu_take_the_best_entry(training: str) -> None:
    rng = torch.Generator().manual_seed(5)
    policies = torch.softmax(torch.randn(20, 1, 4, generator=rng, dtype=torch.float64), -1)
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    reports = Valuation(torch.rand(3, 1, 4, generator=rng).double(), torch.ones(3, dtype=torch.float64))
    menu = {"name": "menu", "policies": policies.tolist()}
    train = Recipe(training=training, fine_tuner=menu, beta=0.1).build().train
    chosen = train.objective(reference, reports, train(reference, reports))
    assert chosen.item() == train.objective(reference, reports, policies).max().item()


def test_generalized_mean_limits() -> None:
    rng = torch.Generator().manual_seed(1)
    reports = Valuation(torch.rand(3, 1, 6, generator=rng).double(), torch.tensor([1.0, 2.0, 3.0]).double())

    def rule(alpha: float) -> torch.Tensor:
        return Recipe(training={"name": "generalized_mean", "alpha": alpha}).build().train.aggregate(reports)

    assert torch.allclose(rule(0.0), reports.total)
    assert torch.allclose(rule(1e-7), reports.total, atol=1e-5)
    assert torch.allclose(rule(-1e4), 6 * reports.rewards.amin(0), atol=1e-2)
    assert torch.allclose(rule(1e4), 6 * reports.rewards.amax(0), atol=1e-2)


IN_OTHER_UNITS = {  # where something beside weights and beta has a unit
    *("nash_welfare", "egalitarian", "leximin"),  # their welfare is not homogeneous in the weights
    *("affine_maximizer", "agv", "cavallo"),  # boosts, and a prior over types, stay as they are
    *("opinion_pool", "token_auction", "segment_auction"),  # weights pool policies, rewards alone train them
}


@pytest.mark.parametrize("beta", [1e-3, 1.0])
@pytest.mark.parametrize("name", [name for name in MECHANISMS if name not in IN_OTHER_UNITS])
def test_payments_and_rewards_share_units(name: str, beta: float) -> None:
    """Scaling weights and beta together scales payments (rules of expected utilities that are homogeneous)."""
    rng = torch.Generator().manual_seed(3)
    reference = Reference.of(torch.softmax(torch.randn(1, 7, generator=rng, dtype=torch.float64), -1))
    reports = Valuation(torch.rand(4, 1, 7, generator=rng).double(), torch.ones(4, dtype=torch.float64))
    scaled = Valuation(reports.rewards, 10 * reports.weights)
    one = MECHANISMS[name].but(beta=beta).build()(reference, reports)
    ten = MECHANISMS[name].but(beta=10 * beta).build()(reference, scaled)
    assert torch.allclose(one.policy, ten.policy, atol=1e-9)
    assert torch.allclose(10 * one.payments, ten.payments, atol=1e-9)
    assert torch.isfinite(ten.payments).all()


def test_recipes_say_what_is_wrong() -> None:
    with pytest.raises(ValueError, match="did you mean 'kl'"):
        Recipe(divergence="k1").build()
    with pytest.raises(ValueError, match="no option of alpha 'oder'"):
        Recipe(divergence={"name": "alpha", "oder": 2}).build()
    with pytest.raises(ValueError, match="beta is 0"):
        Recipe(beta=0.0).build()
    with pytest.raises(ValueError, match="needs the option 'policies'"):
        Recipe(fine_tuner="menu").build()
    game = Valuation(torch.rand(2, 1, 3).double(), torch.ones(2).double())
    silent = Valuation(torch.zeros(2, 1, 3).double(), torch.ones(2).double())
    uniform = Reference.of(torch.full((1, 3), 1 / 3).double())
    kinked, nash = Recipe("nash_welfare", "total_variation").build(), Recipe("nash_welfare").build()
    with pytest.raises(ValueError, match="total_variation has a kink"):
        kinked(uniform, game)
    alone = Valuation(game.rewards, game.weights * torch.tensor([1, 0]))
    hushed = Valuation(torch.stack([game.rewards[0], silent.rewards[0]]), game.weights)
    assert torch.allclose(nash(uniform, hushed).policy, nash(uniform, alone).policy)  # whom nothing can please
    assert torch.allclose(nash(uniform, silent).policy, uniform.policy)
