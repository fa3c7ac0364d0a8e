"""What carries over from round to round: forecasters' influence, and plans."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.repeated.forecasting import drawn
from mechanisms.repeated.hao_duan import HaoDuan
from mechanisms.repeated.weighted import weighted
from mechanisms.repeated.wsu import WSU
from mechanisms.valuation import EVERYONE, Valuation
from simulate.errors import BadInput
from simulate.load import load
from simulate.market import Market
from simulate.repeated_game import play
from simulate.scenario import build
from tests.games import Game, games, random_lies

ROUNDING = 1e-9  # of utilities up to 12, through differences of values good to 1e-12
JUDGE = [1.0, 0.8, 0.5, 0.2, 0.1, 0.0]  # the rewards of two_camps' left
FORECASTING = [WSU, HaoDuan]
PLAIN = Recipe().build()  # in force where it does not matter what is
TRUTHFUL = {f"agents.{i}.strategy": "truthful" for i in range(3)}


def pivot(beta: float, horizon: int, discount: float = 0.9) -> Mechanism:
    return Recipe(beta=beta, repeated={"name": "dynamic_pivot", "horizon": horizon, "discount": discount}).build()


def luck(count: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(count, 4, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


# Influence in force


@given(game=games(), seed=st.integers(0, 2**31))
def test_influences_of_every_game_equal_a_loop_of_affine_maximizers(game: Game, seed: int) -> None:
    rng = torch.Generator().manual_seed(seed)
    influence = 0.1 + torch.rand(3, len(game.truth.weights), generator=rng, dtype=torch.float64)
    both = Valuation(game.truth.rewards.expand(3, -1, -1, -1), game.truth.weights.expand(3, -1))
    lies = random_lies(game, 5)
    spread = Valuation(lies.rewards[:, :, None].expand(-1, -1, 3, -1, -1), lies.weights[:, :, None].expand(-1, -1, 3))
    ours = weighted(Recipe(beta=game.beta).build(), influence)
    together = ours(game.reference, both)
    reached = deviation_utilities(ours, game.reference, both, both, EVERYONE, spread)
    for b in range(3):
        training = {"name": "social_welfare", "influence": influence[b].tolist()}
        alone = Recipe(training, beta=game.beta).build()
        outcome = alone(game.reference, game.truth)
        assert torch.allclose(together.policy[b], outcome.policy, atol=ROUNDING)
        assert torch.allclose(together.payments[b], outcome.payments, atol=ROUNDING)
        value = alone.train.value(game.reference, game.truth)
        assert torch.allclose(ours.train.value(game.reference, both)[b], value, atol=ROUNDING)
        by_hand = deviation_utilities(alone, game.reference, game.truth, game.truth, EVERYONE, lies)
        assert torch.allclose(reached[:, :, b], by_hand, atol=ROUNDING)
    honest = utility(game.reference, both, together).movedim(-1, 0)
    assert (reached - honest).max() <= ROUNDING


def test_who_has_hardly_any_influence_is_absent_and_pays_nothing() -> None:
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    truth = Valuation(torch.eye(4, dtype=torch.float64)[:3, None], torch.ones(3, dtype=torch.float64))
    ordinary = Recipe(beta=0.3).build()
    faint = weighted(ordinary, torch.tensor([[1e-12, 1.0, 1.0]], dtype=torch.float64))
    outcome = faint(reference, Valuation(truth.rewards[None], truth.weights[None]))
    without = ordinary(reference, Valuation(truth.rewards[1:], truth.weights[1:]))
    assert torch.allclose(outcome.policy[0], without.policy)
    assert torch.allclose(outcome.payments[0], torch.cat([torch.zeros(1).double(), without.payments]))


# Forecasters


@pytest.mark.parametrize("kind", FORECASTING)
@given(game=games(), seed=st.integers(0, 2**31), eta=st.floats(0.01, 0.5))
def test_weights_stay_a_distribution(kind: type, game: Game, seed: int, eta: float) -> None:
    truth = Valuation(game.truth.rewards.expand(5, -1, -1, -1), game.truth.weights.expand(5, -1))
    ours = kind(game.truth.rewards[0], eta, 10.0)
    state = ours.init(game.reference, len(game.truth.weights), 5)
    for step in range(20):
        state = ours.update(state, PLAIN, game.reference, truth, lambda k, step=step: luck(5, seed + step))
        assert (state >= 0).all()
        assert torch.allclose(state.sum(-1), torch.ones(5).double(), atol=1e-12)


def test_wsu_needs_no_scaling_and_is_the_published_formula() -> None:
    rng = torch.Generator().manual_seed(0)
    weights = torch.softmax(torch.randn(100, 5, generator=rng, dtype=torch.float64), -1)
    losses = torch.rand(100, 5, generator=rng, dtype=torch.float64)
    moved = weights * WSU(torch.zeros(4).double(), 0.5).factors(weights, losses)
    scores = 1 - losses
    assert torch.allclose(moved, weights * (1 + 0.5 * (scores - (weights * scores).sum(-1, keepdim=True))))
    assert torch.allclose(moved.sum(-1), torch.ones(100).double(), atol=1e-14)
    assert moved.min() > 0


@pytest.mark.parametrize("kind", FORECASTING)
def test_the_absent_leave_no_trace(kind: type) -> None:
    rng = torch.Generator().manual_seed(1)
    reference = Reference.of(torch.full((1, 6), 1 / 6, dtype=torch.float64))
    rewards, weights = torch.rand(4, 3, 1, 6, generator=rng).double(), torch.ones(4, 3, dtype=torch.float64)
    ours = kind(torch.tensor(JUDGE).double(), 0.3, 3.0)
    with_absent = Valuation(torch.cat([rewards, rewards[:, :1]], 1), torch.cat([weights, 0 * weights[:, :1]], 1))
    three, four = ours.init(reference, 3, 4), ours.init(reference, 4, 4)
    for step in range(10):
        three = ours.update(three, PLAIN, reference, Valuation(rewards, weights), lambda k, step=step: luck(4, step))
        four = ours.update(four, PLAIN, reference, with_absent, lambda k, step=step: luck(4, step))
    mechanism = Recipe(beta=0.3).build()
    alone = ours.current(three, mechanism)(reference, Valuation(rewards, weights))
    beside = ours.current(four, mechanism)(reference, with_absent)
    assert torch.allclose(alone.policy, beside.policy)
    assert torch.allclose(alone.payments, beside.payments[:, :3])
    assert (alone.policy - mechanism(reference, Valuation(rewards, weights)).policy).abs().max() > 1e-3


@pytest.mark.parametrize(("kind", "truthful"), [(WSU, True), (HaoDuan, False)])
def test_expected_next_weight_is_best_at_the_belief(kind: type, truthful: bool) -> None:
    """Over a grid of forecasts, for every belief: exactly for WSU; for the scaled multiplicative form only nearly."""
    grid = torch.linspace(0, 1, 201, dtype=torch.float64)
    weights = torch.tensor([0.6, 0.3, 0.1], dtype=torch.float64).expand(201, -1)
    ours = kind(torch.zeros(4).double(), 0.5)
    misses = []
    for belief in (0.1, 0.35, 0.5, 0.8):
        after, raw = torch.zeros(201, dtype=torch.float64), torch.zeros(201, dtype=torch.float64)
        for x, chance in ((1.0, belief), (0.0, 1 - belief)):
            forecasts = torch.stack([grid, torch.full_like(grid, 0.7), torch.full_like(grid, 0.2)], -1)
            moved = weights * ours.factors(weights, (forecasts - x) ** 2)
            after += chance * moved[:, 0] / moved.sum(-1)
            raw += chance * moved[:, 0]
        assert grid[raw.argmax()].item() == pytest.approx(belief)
        misses.append(abs(grid[after.argmax()].item() - belief))
    assert (max(misses) < 1e-9) == truthful
    assert max(misses) < 0.1


@pytest.mark.parametrize("kind", FORECASTING)
def test_the_expert_overtakes_and_regret_is_of_the_order_of_sqrt_rounds(kind: type) -> None:
    """Against the best forecaster in hindsight, 64 games of 400 rounds; bound: ln n / eta + eta rounds, twice."""
    rounds, count = 400, 64
    rng = torch.Generator().manual_seed(2)
    reference = Reference.of(torch.softmax(torch.randn(2, 6, generator=rng, dtype=torch.float64), -1))
    judge = torch.rand(2, 6, generator=rng, dtype=torch.float64)
    rewards = torch.stack([judge, 1 - judge, torch.full_like(judge, 0.5)]).expand(count, -1, -1, -1)
    reports = Valuation(rewards, torch.ones(count, 3, dtype=torch.float64))
    ours = kind(judge, rounds**-0.5, 4.0)
    state, suffered, losses = ours.init(reference, 3, count), torch.zeros(count), torch.zeros(count, 3)
    for step in range(rounds):
        now = ours.losses(reference, reports, luck(count, step))
        suffered, losses = suffered + (state * now).sum(-1), losses + now
        state = ours.update(state, PLAIN, reference, reports, lambda k, step=step: luck(count, step))
    mean = state.mean(0)
    assert mean[0] > 0.7 > 0.05 > mean[1]
    regret = suffered - losses.amin(-1)
    assert regret.max() <= 2 * (np.log(3) + 1) * rounds**0.5
    assert (suffered < losses.mean(-1)).all()  # the plain mean of losses grows linearly: never moving costs more


def test_judged_pairs_follow_reference_and_judge() -> None:
    """Frequencies of 40 000 draws against the laws they come from; padding is never drawn."""
    law = torch.tensor([0.0, 0.5, 0.2, 0.3, 0.0], dtype=torch.float64)
    shares = torch.bincount(drawn(law, luck(40_000)[:, 0]), minlength=5) / 40_000
    assert torch.allclose(shares.double(), law, atol=0.012)  # four standard errors and more
    edge = torch.tensor([0.0, 1 - 2**-53], dtype=torch.float64)
    assert drawn(law, edge).tolist() == [1, 3]
    reference = Reference.of(law[None])
    rewards = torch.tensor([0.0, 1.0, 0.2, 0.6, 9.0], dtype=torch.float64)
    reports = Valuation(rewards.expand(40_000, 1, 1, -1), torch.ones(40_000, 1, dtype=torch.float64))
    loss = WSU(rewards, 0.1, 2.0).losses(reference, reports, luck(40_000)).mean()
    chance = torch.sigmoid(2 * (rewards[:, None] - rewards))
    expected = (law[:, None] * law * chance * (1 - chance)).sum()  # a true forecast errs by its variance
    assert loss.item() == pytest.approx(expected.item(), abs=0.005)


# In the market

REPEATED = {
    "wsu": {"name": "wsu", "judge": JUDGE, "eta": 0.3, "sharpness": 4},
    "hao_duan": {"name": "hao_duan", "judge": JUDGE},
    "dynamic_pivot": {"name": "dynamic_pivot"},
}


@pytest.mark.parametrize("name", REPEATED)
def test_splitting_replicates_changes_nothing(name: str) -> None:
    settings = {"rounds": 6, "replicates": 4, "drift": True, "mechanism.repeated": REPEATED[name]}
    whole, again, split = (play("two_camps", settings, batch) for batch in (None, None, 1))
    for column in ("utility", "payment", "utility_gain"):
        assert np.array_equal(whole.of(column), again.of(column))
        assert np.abs(whole.of(column) - split.of(column)).max() <= ROUNDING


@pytest.mark.parametrize("name", ["wsu", "hao_duan"])
def test_influence_moves_towards_the_judge_and_lies_do_not_pay_within_a_round(name: str) -> None:
    market = Market(build(load("two_camps", {"replicates": 3, "mechanism.repeated": REPEATED[name]})))
    for _ in range(30):
        market.step()
    left, right, _ = market.state.mean(0)
    assert left > 1 / 3 > right
    assert market.history.of("utility_gain").max() <= ROUNDING
    assert market.history.of("payment").min() >= -ROUNDING
    assert market.history.of("welfare_loss").min() >= -ROUNDING
    lies = play("two_camps", {"rounds": 3, "mechanism.payment": "zero", "mechanism.repeated": REPEATED[name]})
    assert lies.of("utility_gain").max() > 1e-3


def test_equal_influence_is_no_repetition() -> None:
    """Everybody forecasts alike: nothing moves."""
    alike = {**TRUTHFUL, "agents.1.rewards": JUDGE, "agents.2.rewards": JUDGE, "replicates": 2}
    ordinary = play("two_camps", {**alike, "rounds": 3})
    repeated = play("two_camps", {**alike, "rounds": 3, "mechanism.repeated": REPEATED["wsu"]})
    assert np.abs(ordinary.of("payment") - repeated.of("payment")).max() <= ROUNDING


def test_who_repeats_nothing_says_nothing() -> None:
    plain, said = load("two_camps"), load("two_camps", {"mechanism.repeated": None})
    assert plain == said
    assert "repeated" not in plain.model_dump()["mechanism"]
    assert load("two_camps", {"mechanism.repeated": "dynamic_pivot"}).model_dump()["mechanism"]["repeated"]


@pytest.mark.parametrize(
    ("repeated", "sentence"),
    [
        ("wsux", "did you mean 'wsu'"),
        ("wsu", "wsu needs the option 'judge'"),
        ({"name": "wsu", "judge": [1, 2]}, "judge: 1 x 6 numbers"),
        ({"name": "wsu", "judge": "me"}, "a list of rewards"),
        ({"name": "wsu", "judge": JUDGE, "eta": 0.6}, "eta is 0.6; allowed is above 0, up to 0.5"),
        ({"name": "wsu", "judge": JUDGE, "sharpness": 0}, "sharpness is 0; it must be above 0"),
        ({"name": "dynamic_pivot", "horizon": 0}, "horizon is 0; allowed is 1 to 20"),
        ({"name": "dynamic_pivot", "discount": 1.5}, "discount is 1.5; allowed is 0.1 to 1"),
    ],
)
def test_bad_options_are_refused_in_a_sentence(repeated: object, sentence: str) -> None:
    with pytest.raises(BadInput, match=sentence) as refused:
        build(load("two_camps", {"mechanism.repeated": repeated}))
    assert "mechanism.repeated" in str(refused.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("training", "median"),
        ("training", {"name": "social_welfare", "influence": [1, 2, 3]}),
        ("training", {"name": "social_welfare", "status_quo": 0.5}),
        ("divergence", "chi_squared"),
        ("fine_tuner", "mirror"),
        ("payment", "zero"),
    ],
)
def test_only_the_exact_kl_maximizer_is_planned(key: str, value: object) -> None:
    with pytest.raises(BadInput, match="another is given"):
        build(load("two_camps", {"mechanism.repeated": "dynamic_pivot", f"mechanism.{key}": value}))


# Plans


@given(game=games(), discount=st.floats(0.1, 1.0))
def test_a_plan_of_one_round_is_vcg(game: Game, discount: float) -> None:
    lies = random_lies(game, 5)
    ours, vcg = pivot(game.beta, 1, discount), Recipe(beta=game.beta).build()
    one, other = ours(game.reference, game.truth), vcg(game.reference, game.truth)
    assert torch.allclose(one.policy, other.policy, rtol=0, atol=1e-13)
    assert torch.allclose(one.payments, other.payments, rtol=0, atol=1e-12)
    reached = [deviation_utilities(m, game.reference, game.truth, game.truth, EVERYONE, lies) for m in (ours, vcg)]
    assert torch.allclose(*reached, rtol=0, atol=1e-12)


@pytest.mark.parametrize(("horizon", "beta", "seed"), [(2, 0.3, 0), (3, 1.0, 1), (3, 0.2, 2), (5, 0.5, 3)])
def test_plans_are_optimal(horizon: int, beta: float, seed: int) -> None:
    """The whole path as one convex programme."""
    rng = np.random.default_rng(seed)
    law, reward, discount = rng.dirichlet(np.ones(4)), rng.random(4), 0.8
    path = [cp.Constant(law), *(cp.Variable(4, nonneg=True) for _ in range(horizon))]
    flows = [reward @ path[t] - beta * cp.sum(cp.rel_entr(path[t], path[t - 1])) for t in range(1, horizon + 1)]
    welfare = sum(discount**t * flow for t, flow in enumerate(flows))
    programme = cp.Problem(cp.Maximize(welfare), [cp.sum(pi) == 1 for pi in path[1:]])
    programme.solve(solver="CLARABEL", tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11)
    reference = Reference.of(torch.from_numpy(law)[None])
    reports = Valuation(torch.from_numpy(reward)[None, None], torch.ones(1, dtype=torch.float64))
    train = pivot(beta, horizon, discount).train
    assert train.value(reference, reports).item() == pytest.approx(programme.value, abs=1e-7)
    assert train(reference, reports)[0].numpy() == pytest.approx(path[1].value, abs=1e-4)


@given(game=games(spread=100.0), horizon=st.integers(1, 6), discount=st.floats(0.1, 1.0))
def test_value_is_attained_and_nothing_beats_it(game: Game, horizon: int, discount: float) -> None:
    """Primal meets dual, which certifies both; and payments are never negative."""
    mechanism = pivot(game.beta, horizon, discount)
    outcome = mechanism(game.reference, game.truth)
    best = mechanism.train.value(game.reference, game.truth)
    reached = mechanism.train.objective(game.reference, game.truth, outcome.policy)
    assert torch.allclose(reached, best, rtol=1e-11, atol=1e-11)
    assert outcome.payments.min() >= -ROUNDING
    assert (outcome.payments[game.truth.weights == 0].abs() <= ROUNDING).all()
    assert torch.allclose(outcome.policy.sum(-1), torch.ones(()).double())
    assert (outcome.policy[game.reference.policy == 0] == 0).all()


def carried_out(
    mechanisms: list[Mechanism], reference: Reference, truth: Valuation, reports: Valuation, discount: float
) -> torch.Tensor:
    """Utility of the true types, summed over a plan that is carried out: `mechanisms` plan ever fewer rounds."""
    total = torch.zeros(())
    for t, mechanism in enumerate(mechanisms):
        outcome = mechanism(reference, reports)
        total = total + discount**t * utility(reference, truth, outcome)
        reference = Reference(outcome.policy, reference.prompt_weights)
    return total


@given(game=games(max_agents=3))
def test_truth_is_best_over_the_planned_rounds_whatever_the_others_say(game: Game) -> None:
    """One agent lies throughout; bills add up to the whole plan's externality."""
    shrinking = [pivot(game.beta, rounds) for rounds in (3, 2, 1)]
    lies, others = random_lies(game, 12), random_lies(Game(game.reference, game.truth, game.beta, game.seed + 7), 1)
    for i in range(len(game.truth.weights)):
        rewards, weights = others.rewards.expand(13, -1, -1, -1).clone(), others.weights.expand(13, -1).clone()
        rewards[0, i], weights[0, i] = game.truth.rewards[i], game.truth.weights[i]
        rewards[1:, i], weights[1:, i] = lies.rewards[:, i], lies.weights[:, i]
        reports = Valuation(rewards, weights)
        reached = carried_out(shrinking, game.reference, game.truth, reports, 0.9)[:, i]
        assert (reached[1:] - reached[0]).max() <= ROUNDING
        rest = Valuation(rewards[0], weights[0] * (torch.arange(len(weights[0])) != i))
        plan, everybody = shrinking[0].train, Valuation(rewards[0], weights[0])
        marginal = plan.value(game.reference, everybody) - plan.value(game.reference, rest)
        assert reached[0].item() == pytest.approx(marginal.item(), abs=ROUNDING)


def test_one_round_alone_a_lie_may_pay() -> None:
    """What is not claimed: a myopic agent gains by understating what it is billed for but has yet to enjoy."""
    mechanism = pivot(0.3, 3)
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    rng = torch.Generator().manual_seed(0)
    truth = Valuation(torch.rand(3, 1, 4, generator=rng).double(), torch.ones(3, dtype=torch.float64))
    honest = utility(reference, truth, mechanism(reference, truth))
    lies = Valuation(0.7 * truth.rewards[None], truth.weights[None])
    reached = deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies)[0]
    assert (reached - honest).max() > 1e-3
    assert "incentive_compatible" not in mechanism.claims


@given(game=games(max_agents=3, spread=10.0))
def test_plans_are_differentiable(game: Game) -> None:
    """Against central differences, through policy, value and payments."""
    mechanism = pivot(game.beta, 3)
    rewards = game.truth.rewards.clone().requires_grad_()
    coefficients = torch.randn(game.reference.policy.shape, generator=torch.Generator().manual_seed(0)).double()

    def number(r: torch.Tensor) -> torch.Tensor:
        outcome = mechanism(game.reference, Valuation(r, game.truth.weights))
        return (coefficients * outcome.policy).sum() + outcome.payments.sum()

    (slope,) = torch.autograd.grad(number(rewards), rewards)
    way = torch.randn(rewards.shape, generator=torch.Generator().manual_seed(1)).double()
    with torch.no_grad():
        by_hand = (number(rewards + 1e-5 * way) - number(rewards - 1e-5 * way)) / 2e-5
    assert (slope * way).sum().item() == pytest.approx(by_hand.item(), rel=1e-5, abs=1e-5)


def test_batching_equals_looping_and_the_market_plays_it() -> None:
    market = Market(
        build(load("two_camps", {**TRUTHFUL, "replicates": 2, "drift": True, "mechanism.repeated": "dynamic_pivot"}))
    )
    for _ in range(3):
        market.step()
    reference, truth = Reference(market.reference.policy[0], market.reference.prompt_weights), market.scenario.truth
    market.step()
    alone = market.scenario.mechanism(reference, Valuation(truth.rewards[0], truth.weights[0]))
    assert torch.allclose(market.last.outcome.policy[0], alone.policy)
    assert torch.allclose(market.last.outcome.payments[0], alone.payments)
    assert market.history.of("welfare_loss").max() <= ROUNDING
