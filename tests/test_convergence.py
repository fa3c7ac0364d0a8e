"""Where play settles: exploitability, regret, cycles, and whose loss it is; and truths that wander."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from games import Game, games, random_lies
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms import MECHANISMS
from mechanisms.base import Mechanism, utility
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.free import free
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate import exploitability as exploited
from simulate.errors import BadInput
from simulate.exploitability import exploitability, gains, measured_rounds, structured_lies
from simulate.history import History
from simulate.honesty import affine_welfare, honesty
from simulate.load import load
from simulate.market import Market
from simulate.metrics import METRICS
from simulate.metrics.cycling import autocorrelation, cycling
from simulate.metrics.external_regret import external_regret
from simulate.metrics.time_to_epsilon import EPSILON, censored, time_to_epsilon
from simulate.nearest_equilibrium import equilibrium_distance
from simulate.repeated_game import play
from simulate.scenario import build
from simulate.store import write_parquet
from strategies import STRATEGIES
from strategies.menus import MENUS

TRUTHFUL = {f"agents.{i}.strategy": "truthful" for i in range(3)}
# everybody as loud as the message space allows: weight 10
LOUD = {f"agents.{i}.strategy": {"name": "overstate", "factor": f} for i, f in enumerate((5.0, 5.0, 10.0))}
NAN = float("nan")


def made(replicates: int = 1, agents: int = 2, **columns: object) -> History:
    """A history written by hand: ``column = [T][B]`` or ``[T][B][n]``; what is not given is 0."""
    rounds = len(next(iter(columns.values())))
    history = History(tuple(f"agent-{i}" for i in range(agents)), tuple(range(replicates)))
    for store, shape in ((history.rounds, (replicates, agents)), (history.outcomes, (replicates,))):
        for name in store:
            given = np.asarray(columns.get(name, np.zeros((rounds, *shape))), dtype=float)
            store[name] = list(np.broadcast_to(given.reshape(rounds, *given.shape[1:]), (rounds, *shape)))
    return history


def settled_value(name: str, history: History) -> list[float]:
    return METRICS[name].value(history).tolist()


# exploitability


def by_hand(weights: list[float], beta: float) -> np.ndarray:
    """Utilities of `two_camps` without payments if these weights are reported with the true rewards, in NumPy."""
    told = load("two_camps")
    rewards = np.array([agent.rewards for agent in told.agents])[:, 0]
    true = np.array([agent.weight for agent in told.agents])
    odds = np.array(told.reference)[0] * np.exp(np.array(weights) @ rewards / beta)
    return true * (rewards @ (odds / odds.sum()))


def test_everybody_at_the_largest_weight_by_hand() -> None:
    """An equilibrium in weights without payments; at four times the weight, twice as much of it pays still."""
    market = Market(build(load("two_camps", {"mechanism.payment": "zero", "replicates": 1, "rounds": 1, **LOUD})))
    market.step()
    played = market.last
    assert played is not None
    overstate = [MENUS["overstate"](market.truth, market.scenario.messages)]
    at = (market.mechanism, market.reference, market.truth, played.reports, played.utilities)
    found = gains(*at, overstate)[:, 0].numpy()
    base, true = by_hand([10.0, 10.0, 10.0], 0.3), [2.0, 2.0, 1.0]
    for m, factor in enumerate((1.0, 0.25, 0.5, 2.0, 4.0, 8.0)):
        for i in range(3):
            weights = [10.0, 10.0, 10.0]
            weights[i] = min(10.0, factor * true[i])
            assert found[m, i] == pytest.approx(by_hand(weights, 0.3)[i] - base[i], abs=1e-12)
    assert exploitability(gains(*at, overstate)).item() == 0.0
    assert market.history.of("exploitability")[0, 0] == 0.0  # other lies keep the true weight, and drown


def test_what_is_left_to_gain_at_four_times_the_weight_by_hand() -> None:
    told = {f"agents.{i}.strategy": {"name": "overstate", "factor": 4.0} for i in range(3)}
    found = play("two_camps", {"mechanism.payment": "zero", "replicates": 1, "rounds": 1, **told})
    now = [8.0, 8.0, 4.0]
    gained = [
        by_hand([*now[:i], loud, *now[i + 1 :]], 0.3)[i] - by_hand(now, 0.3)[i] for i, loud in enumerate((10, 10, 8))
    ]
    assert found.of("regret")[0, 0] == pytest.approx(gained, abs=1e-12)
    assert found.of("exploitability")[0, 0] == pytest.approx(sum(g for g in gained if g > 0), abs=1e-12)
    assert found.of("exploitability")[0, 0] > 0.01


@pytest.mark.parametrize("mechanism", ["vcg", "groves", "bailey", "affine_maximizer"])
def test_the_truth_cannot_be_exploited_where_it_is_dominant(mechanism: str) -> None:
    history = play("two_camps", {"mechanism": mechanism, "rounds": 2, "replicates": 2, **TRUTHFUL})
    assert history.of("exploitability").max() <= 1e-9
    assert history.of("exploitability").min() >= 0.0


def test_the_truth_can_be_exploited_without_payments() -> None:
    history = play("two_camps", {"mechanism.payment": "zero", "rounds": 1, "replicates": 1, **TRUTHFUL})
    liar = {"agents.0.strategy": {"name": "overstate", "factor": 4.0}, "mechanism.payment": "zero"}
    one = play("two_camps", {**TRUTHFUL, **liar, "rounds": 1, "replicates": 1}).of("utility_gain")[0, 0, 0]
    assert 0 < one <= history.of("regret")[0, 0, 0]
    assert history.of("exploitability")[0, 0] == pytest.approx(history.of("regret")[0, 0].clip(min=0).sum())


@settings(max_examples=25)
@given(games(min_agents=2), st.sampled_from(["no_payment", "vcg", "pay_as_reported", "median", "opinion_pool"]))
def test_gains_are_those_of_one_lie_at_a_time(game: Game, name: str) -> None:
    """Every lie of every agent of two replicates played out on its own."""
    mechanism = MECHANISMS[name].but(beta=game.beta).build()
    other = random_lies(game, 1)
    truth = Valuation(
        torch.stack([game.truth.rewards, other.rewards[0]]), torch.stack([game.truth.weights, other.weights[0]])
    )
    support = game.reference.policy > 0
    messages = MessageSpace("free", free, support, 10.0)
    truth = messages.project(Valuation(truth.rewards * support, truth.weights))
    reports = messages.project(Valuation(truth.rewards * 0.5, truth.weights * 2.0))
    utilities = utility(game.reference, truth, mechanism(game.reference, reports))
    lies = structured_lies(truth, messages)
    found = gains(mechanism, game.reference, truth, reports, utilities, lies)
    looped = [
        looped_gains(
            mechanism,
            game.reference,
            truth,
            reports,
            Valuation(menu.rewards.expand(len(menu.weights), *truth.rewards.shape)[m], menu.weights[m]),
        )
        for menu in lies
        for m in range(len(menu.weights))
    ]
    scale = 1 + truth.weights.max().item()
    np.testing.assert_allclose(found.numpy(), np.stack(looped), atol=1e-10 * scale)


def looped_gains(
    mechanism: Mechanism, reference: Reference, truth: Valuation, reports: Valuation, lie: Valuation
) -> np.ndarray:
    found = np.empty(tuple(truth.weights.shape))
    for b in range(found.shape[0]):
        own = Valuation(truth.rewards[b], truth.weights[b])
        said = Valuation(reports.rewards[b], reports.weights[b])
        base = utility(reference, own, mechanism(reference, said))
        for i in range(found.shape[1]):
            rewards, weights = said.rewards.clone(), said.weights.clone()
            rewards[i], weights[i] = lie.rewards[b, i], lie.weights[b, i]
            found[b, i] = (utility(reference, own, mechanism(reference, Valuation(rewards, weights))) - base)[i]
    return found


@pytest.mark.parametrize("block", [1, 700, 2000])
@pytest.mark.parametrize("scenario", ["two_camps", "three_strangers"])  # rewards kept once, and every replicate's own
def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch, scenario: str, block: int) -> None:
    loud = {f"agents.{i}.strategy": "overstate" for i in range(3)}
    market = Market(build(load(scenario, {"rounds": 1, "replicates": 3, "mechanism": "pay_as_reported", **loud})))
    market.step()
    played = market.last
    assert played is not None
    lies = structured_lies(market.truth, market.scenario.messages)
    at = (market.mechanism, market.reference, market.truth, played.reports, played.utilities, lies)
    whole = gains(*at)
    assert whole.std(0).min() > 1e-3  # lies differ
    monkeypatch.setattr(exploited, "BLOCK", block)
    np.testing.assert_allclose(gains(*at), whole, atol=1e-12)


@pytest.mark.parametrize("scenario", ["two_camps", "paper_synthetic"])
def test_replicates_apart_are_replicates_together(scenario: str) -> None:
    told = {"rounds": 4, "replicates": 3, "agents.0.wander": 0.1, "mechanism.payment": "zero"}
    whole, apart = play(scenario, told), play(scenario, told, batch=1)
    for column in (*whole.rounds, *whole.outcomes):
        np.testing.assert_allclose(apart.of(column), whole.of(column), atol=1e-12, err_msg=column)


def test_lies_are_all_the_menus_and_the_truth_once() -> None:
    market = Market(build(load("story_tones", {"replicates": 2})))
    lies = structured_lies(market.truth, market.scenario.messages)
    menus = [MENUS[name](market.truth, market.scenario.messages) for name in MENUS]
    assert sum(len(menu.weights) for menu in lies) == sum(len(menu.weights) for menu in menus) - len(menus) + 1
    assert lies[0].rewards.shape[:2] == (1, 1)  # kept once: for all lies about weights, and for all replicates
    assert lies[1].rewards.shape[1] == 1
    for kept, menu in zip(lies[1:], menus[1:], strict=True):
        assert torch.equal(kept.rewards.expand_as(menu.rewards[1:]), menu.rewards[1:])
        assert torch.equal(kept.weights, menu.weights[1:])


@pytest.mark.parametrize("most", [0, 1, 2, 7, 25, 60])
def test_measured_rounds_are_spread_and_bounded(most: int) -> None:
    for rounds in (1, 2, 10, 60, 199):
        found = sorted(measured_rounds(rounds, most))
        assert len(found) == min(most, rounds)
        assert not found or found[-1] == rounds - 1
        assert len(found) < 2 or found[0] == 0
        assert len(found) < 3 or np.diff(found).max() - np.diff(found).min() <= 1


def test_rounds_that_are_not_measured_are_nan() -> None:
    history = play("two_camps", {"rounds": 9, "replicates": 2, "exploitability": 3})
    for column in ("exploitability", "regret"):
        seen = ~np.isnan(history.of(column).reshape(9, -1))
        assert np.flatnonzero(seen.all(1)).tolist() == [0, 4, 8]
        assert not seen[[1, 2, 3, 5, 6, 7]].any()
    never = play("two_camps", {"rounds": 3, "replicates": 2, "exploitability": 0})
    for metric in ("exploitability", "time_to_epsilon", "censored", "external_regret"):
        assert np.isnan(METRICS[metric].value(never)).all()
    assert np.isfinite(METRICS["loss_from_lies"].value(never)).all()


def test_crowds_are_not_measured_and_say_so() -> None:
    crowd = {"agents.0.count": exploited.MOST_AGENTS + 1, "rounds": 1}
    assert np.isnan(play("crowd", crowd).of("exploitability")).all()
    fewer = {**crowd, "agents.0.count": exploited.MOST_AGENTS, "reference.random.responses": 4}
    assert play("crowd", fewer).of("exploitability").max() <= 1e-9


def test_measuring_changes_nothing_else() -> None:
    told = {"rounds": 8, "replicates": 2, "mechanism.payment": "zero", "agents.1.strategy": "exp3"}
    with_it, without = play("two_camps", told), play("two_camps", {**told, "exploitability": 0})
    for column in (set(with_it.rounds) | set(with_it.outcomes)) - {"exploitability", "regret", "equilibrium_distance"}:
        assert np.array_equal(with_it.of(column), without.of(column), equal_nan=True), column


# regret


def test_regret_is_that_of_the_best_lie_in_hindsight() -> None:
    """An agent whose best lie changes sides: the mean gain is maximised, not the gain of each round."""
    gain = torch.tensor([[[1.0], [-1.0]], [[-2.0], [1.5]]])[..., None, :]  # two rounds of two lies: [T, M, B, n]
    seen = exploited.looked_back(exploited.looked_back(None, gain[0], 1), gain[1], 2)
    assert seen.regret.item() == 0.25  # (-1 + 1.5) / 2, where the other lie adds (1 - 2) / 2
    assert exploited.looked_back(None, gain[0], 1).regret.item() == 1.0
    assert exploited.looked_back(None, gain[0], 7).regret.item() == 1.0


def test_between_measured_rounds_gains_are_interpolated() -> None:
    """Gains along a line, of which only rounds 0, 4, 5 and 11 were seen, add up as if all had been."""
    line = torch.tensor([[[2.0]], [[-1.0]]]) + torch.arange(12.0) * torch.tensor([[[-0.25]], [[0.5]]])  # [M, B, T]
    seen = None
    for t in (0, 4, 5, 11):
        seen = exploited.looked_back(seen, line[..., t, None], t + 1)
        assert seen.regret.item() == pytest.approx(line[..., : t + 1].mean(-1).max().item())


def test_regret_after_every_round_recomputed_from_the_counterfactuals() -> None:
    told = {"rounds": 5, "replicates": 2, "mechanism.payment": "zero", "agents.2.strategy": "exp3"}
    market = Market(build(load("two_camps", told)))
    total, lies = 0.0, structured_lies(market.truth, market.scenario.messages)
    for t in range(5):
        market.step()
        played = market.last
        assert played is not None
        total = total + gains(market.mechanism, market.reference, market.truth, played.reports, played.utilities, lies)
        np.testing.assert_allclose(market.history.of("regret")[t], (total / (t + 1)).amax(0), atol=1e-12)
    final = market.history.of("regret")[-1].mean(-1)
    np.testing.assert_allclose(external_regret(market.history), final, atol=1e-15)


def test_hedge_has_little_regret_and_overstaters_of_vcg_much() -> None:
    """And the regret of 25 measured rounds is about that of all."""
    told = {"rounds": 200, "replicates": 4}
    estimated, whole = (external_regret(play("two_camps", {**told, "exploitability": most})) for most in (25, 200))
    assert (whole < 0.02).all()
    assert (abs(estimated - whole) < 0.03).all()
    assert external_regret(play("two_camps", {"rounds": 5, "replicates": 1, **LOUD})).item() > 1


# metrics of histories written by hand


def test_two_rounds_by_hand() -> None:
    history = made(
        replicates=2,
        welfare_loss=[[1.0, 2.0], [3.0, 6.0]],
        exploitability=[[5.0, NAN], [0.5, NAN]],
        utility_change=[[[1, 1], [0, 0]], [[2, -4], [1, 3]]],
        loss_from_rule=[[0.0, 0.0], [0.25, 0.5]],
        social_welfare=[[100.0, 1.0], [100.0, 1.0]],
        regret=[[[9, 9], [9, 9]], [[0.5, 1.5], [-1, -2]]],
    )
    assert settled_value("welfare_loss", history) == [3.0, 6.0]
    assert settled_value("welfare_loss_average", history) == [2.0, 4.0]
    assert settled_value("utility_change", history) == [-1.0, 2.0]
    assert settled_value("loss_from_rule", history) == [0.25, 0.5]
    assert settled_value("external_regret", history) == [1.0, -1.5]


def test_settled_means_leave_out_rounds_that_were_not_measured() -> None:
    late = [[7.0]] * 16 + [[NAN], [1.0], [NAN], [3.0]]
    assert settled_value("exploitability", made(exploitability=late)) == [2.0]
    assert np.isnan(settled_value("exploitability", made(exploitability=[[1.0]] * 8 + [[NAN]] * 2))).all()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([5.0, 0.5, 3.0, 1.0, 0.2], 6.0),  # exactly epsilon is within it
        ([0.5, 0.5, 0.5, 0.5, 0.5], 0.0),
        ([5.0, 0.5, 0.5, 0.5, 2.0], NAN),
        ([5.0, 5.0, 5.0, 5.0, 0.9], 8.0),
    ],
    ids=["back-and-forth", "at-once", "out-at-the-end", "at-the-end"],
)
def test_time_to_epsilon_is_a_measured_round_or_censored(found: list[float], expected: float) -> None:
    """Measured every other round, of 9; social welfare 100, epsilon 1 %."""
    assert EPSILON == 0.01
    series = np.full((9, 1), NAN)
    series[::2, 0] = found
    for sign in (1, -1):
        history = made(exploitability=series, social_welfare=np.full((9, 1), 100.0 * sign))
        np.testing.assert_equal(time_to_epsilon(history), [expected])
        assert censored(history).tolist() == [float(np.isnan(expected))]


def test_the_share_of_censored_replicates_is_reported() -> None:
    level = np.array([[0.5, 5.0, 0.5, 0.5]] * 6)
    history = made(replicates=4, exploitability=level, social_welfare=np.full((6, 4), 100.0))
    assert METRICS["censored"].value(history).mean() == 0.25
    assert METRICS["time_to_epsilon"].better == "neither"  # its mean leaves the censored out: no ranking


# cycles


def circling(period: float, rounds: int = 200, agents: int = 2, noise: float = 0.0, seed: int = 0) -> np.ndarray:
    """``[T, 1, n]``: each agent a phase behind the one before."""
    angle = 2 * np.pi * (np.arange(rounds)[:, None] / period + np.arange(agents) / agents / 2)
    return (1 + np.sin(angle) + noise * np.random.default_rng(seed).normal(size=angle.shape))[:, None]


@pytest.mark.parametrize("period", [2, 3, 4, 5, 7, 10, 13])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_period_of_a_cycle_is_found(period: int, noise: float) -> None:
    assert cycling(made(report_distance=circling(period, noise=noise))).tolist() == [period]


def test_cycles_of_any_shape_are_found() -> None:
    saw = np.tile([0.0, 1.0, 2.0, 5.0], 25)[:, None, None]
    turns = np.tile(np.eye(3), (20, 1))[:, None]  # rock, paper, scissors: nobody's own series is a wave
    assert cycling(made(agents=1, report_distance=saw)).tolist() == [4.0]
    assert cycling(made(agents=3, report_distance=turns)).tolist() == [3.0]
    assert cycling(made(report_distance=circling(7.3, rounds=500))).tolist() == [7.0]
    assert cycling(made(report_distance=circling(40, rounds=1000))).tolist() == [40.0]


def test_rest_drift_decay_and_short_play_are_no_cycles() -> None:
    t = np.arange(200.0)[:, None, None]
    for still in (np.ones((200, 1, 2)), 1 + 1e-9 * circling(4), t / 200, 0.95**t, np.sqrt(t), 1 / (1 + t)):
        assert np.isnan(cycling(made(report_distance=np.broadcast_to(still, (200, 1, 2))))).all()
    assert np.isnan(cycling(made(report_distance=circling(4, rounds=20)))).all()  # settled play is 4 rounds
    assert np.isnan(cycling(made(report_distance=circling(4)[:1]))).all()
    damped = 1 + (circling(5) - 1) * 0.4 ** ((t - 160).clip(min=0) / 5)
    assert np.isnan(cycling(made(report_distance=damped))).all()
    fading = 1 + (circling(5) - 1) * 0.9 ** ((t - 160).clip(min=0) / 5)
    assert cycling(made(report_distance=fading)).tolist() == [5.0]
    rough = t / 200 + 0.02 * np.random.default_rng(0).normal(size=(200, 50, 2))
    assert np.isnan(cycling(made(replicates=50, report_distance=rough))).all()
    slow = circling(30)  # does not come round three times in the 40 rounds of settled play
    assert np.isnan(cycling(made(report_distance=slow))).all()


@pytest.mark.parametrize("stay", [0.0, 0.5, 0.9])
@pytest.mark.parametrize(("rounds", "agents"), [(60, 1), (200, 2), (1000, 1)], ids=["short", "usual", "long"])
def test_noise_is_seldom_taken_for_a_cycle(stay: float, rounds: int, agents: int) -> None:
    """White noise as promised, noise with a memory (autoregression) hardly more often."""
    rng, count = np.random.default_rng(1), 400
    shocks = rng.normal(size=(rounds, count, agents))
    level = np.zeros_like(shocks)
    for t in range(1, rounds):
        level[t] = stay * level[t - 1] + shocks[t]
    found = cycling(made(replicates=count, agents=agents, report_distance=level))
    assert np.isfinite(found).mean() <= 0.01


def test_autocorrelation_is_its_own_sum() -> None:
    moves = np.random.default_rng(3).normal(size=(17, 3))
    found = autocorrelation(moves, 20)
    for lag in range(17):
        a, b = moves[: 17 - lag], moves[lag:]
        assert found[lag] == pytest.approx(1 - ((b - a) ** 2).sum() / (a**2 + b**2).sum(), abs=1e-12)
    assert (found[17:] == 0).all()
    assert (autocorrelation(np.zeros((5, 2)), 4) == 0).all()


# whose loss it is


@pytest.mark.parametrize("divergence", ["kl", "chi_squared", "hellinger", "total_variation"])
@pytest.mark.parametrize(
    "training",
    ["social_welfare", "median", "best_of_n_dictator", {"name": "social_welfare", "influence": [1.0, 3.0, 0.5]}],
    ids=["social_welfare", "median", "dictator", "influence"],
)
def test_the_two_losses_are_the_whole_loss(training: object, divergence: str) -> None:
    """Of affine social welfare, recomputed from the policies."""
    told = {"mechanism.training": training, "mechanism.divergence": divergence, "mechanism.payment": "zero"}
    market = Market(build(load("two_camps", {**told, "rounds": 3, "replicates": 2})))
    beta, plain = 0.3, MECHANISMS["vcg"].but(divergence=divergence, beta=0.3).build().train
    for t in range(3):
        market.step()
        played = market.last
        assert played is not None
        policy, truth = played.outcome.policy, market.truth
        best = plain.objective(market.reference, truth, plain(market.reference, truth))
        cost = beta * plain.divergence(market.reference, policy)
        reached = (truth.weights * (truth.rewards * policy[:, None]).sum(-1).mean(-1)).sum(-1) - cost
        split = [market.history.of(column)[t] for column in ("loss_from_rule", "loss_from_lies")]
        np.testing.assert_allclose(sum(split), (best - reached).numpy(), atol=1e-12)
        honest = market.mechanism.train(market.reference, truth)
        lost = best - plain.objective(market.reference, truth, honest)
        np.testing.assert_allclose(split[0], lost.numpy(), atol=1e-12)
        assert split[0].min() >= -1e-12


@pytest.mark.parametrize("mechanism", ["no_payment", "vcg", "mosaic"])
def test_under_the_welfare_rule_all_loss_is_from_lies(mechanism: str) -> None:
    history = play("two_camps", {"mechanism": mechanism, "rounds": 5, "replicates": 2})
    assert abs(history.of("loss_from_rule")).max() <= 1e-12
    np.testing.assert_allclose(history.of("loss_from_lies"), history.of("welfare_loss"), atol=1e-12)
    assert history.of("loss_from_lies").max() > 1e-3


def test_what_early_stopping_loses_is_its_gap_and_menus_without_a_price_have_a_loss() -> None:
    early = {"name": "mirror", "steps": 2, "rate": 0.3}
    history = play("two_camps", {"mechanism.fine_tuner": early, "rounds": 2, "replicates": 1, **TRUTHFUL})
    for column in ("welfare_loss", "loss_from_rule", "optimality_gap"):
        np.testing.assert_allclose(history.of(column), history.of("incentive_gap"), atol=1e-12)
    assert history.of("incentive_gap").min() > 1e-3
    trained = play("two_camps", {"rounds": 2, "replicates": 1, **TRUTHFUL})
    assert (trained.of("optimality_gap") == 0).all()
    menu = {"name": "menu", "policies": [[[1.0, 0, 0, 0, 0, 0]], [[0, 0, 0, 0, 0, 1.0]], [[0, 0, 1.0, 0, 0, 0]]]}
    told = {"mechanism.fine_tuner": menu, "mechanism.beta": 0.0, "mechanism.payment": "zero", "rounds": 2}
    chosen = play("two_camps", {**told, "mechanism.divergence": "reverse_kl", "replicates": 1, **TRUTHFUL})
    assert (chosen.of("loss_from_rule") == 0).all()
    assert (chosen.of("loss_from_lies") == 0).all()


def test_a_policy_infinitely_far_from_the_reference_has_no_affine_welfare() -> None:
    train = MECHANISMS["no_payment"].but(divergence="reverse_kl", beta=0.5).build().train
    reference = Reference.of(torch.tensor([[0.5, 0.5]]).double())
    far = train.divergence(reference, torch.tensor([[[1.0, 0.0]], [[0.5, 0.5]]]).double())
    found = affine_welfare(train.beta, torch.tensor([2.0, 2.0]).double(), far)
    np.testing.assert_equal(found.numpy(), [NAN, 2.0])
    assert affine_welfare(0.0, torch.tensor([2.0]), torch.tensor([float("inf")])).item() == 2.0


@pytest.mark.parametrize("repeated", ["wsu", "hao_duan"])
def test_influence_that_moves_is_a_cost_of_the_rule(repeated: str) -> None:
    judged = {"name": repeated, "judge": [1.0, 0.8, 0.5, 0.2, 0.1, 0.0], "eta": 0.4, "sharpness": 5.0}
    history = play("two_camps", {"mechanism.repeated": judged, "rounds": 12, "replicates": 2, **TRUTHFUL})
    assert abs(history.of("loss_from_rule")[0]).max() <= 1e-12
    assert history.of("loss_from_rule")[-1].min() > 1e-4
    assert abs(history.of("loss_from_lies")).max() <= 1e-12


# winners and losers


@pytest.mark.parametrize("mechanism", ["no_payment", "vcg", "pay_as_reported"])
def test_utility_change_is_against_everybody_honest(mechanism: str) -> None:
    told = {"mechanism": mechanism, "rounds": 4, "replicates": 2}
    lied, honest = play("two_camps", told), play("two_camps", {**told, **TRUTHFUL})
    np.testing.assert_allclose(lied.of("utility_change"), lied.of("utility") - honest.of("utility"), atol=1e-12)
    assert abs(lied.of("utility_change")).max() > 1e-3
    assert (honest.of("utility_change") == 0).all()


def test_yardsticks_follow_a_drifting_reference() -> None:
    market = Market(build(load("two_camps", {"drift": True, "rounds": 3, "replicates": 2})))
    for t in range(3):
        reference = market.reference
        market.step()
        expected = honesty(market.mechanism, reference, market.truth)
        played = market.last
        assert played is not None
        change = (played.utilities - expected.utilities).numpy()
        np.testing.assert_allclose(market.history.of("utility_change")[t], change, atol=1e-15)


# truths that wander


def test_no_wandering_is_the_same_bytes(tmp_path: Path) -> None:
    told = {"rounds": 5, "replicates": 2, "agents.1.strategy": "exp3"}
    files = []
    for name, more in (("plain", {}), ("zero", {f"agents.{i}.wander": 0.0 for i in range(3)})):
        history = play("two_camps", {**told, **more})
        for kind, frame in (("rounds", history.agents_frame()), ("outcomes", history.outcomes_frame())):
            write_parquet(tmp_path / f"{name}-{kind}", frame)
        files.append([(tmp_path / f"{name}-{kind}").read_bytes() for kind in ("rounds", "outcomes")])
    assert files[0] == files[1]


def test_the_walk_is_the_stated_one() -> None:
    """Gaussian steps of the size asked for, of the agent asked for, fresh in every replicate; weights stay."""
    told = {"agents.1.wander": 0.001, "messages.rewards": "free", "replicates": 400, "rounds": 3}
    market = Market(build(load("two_camps", {**told, "agents.1.rewards": [0.5] * 6, **TRUTHFUL})))
    before = market.truth
    market.step()
    step = market.truth.rewards - before.rewards
    assert torch.equal(market.truth.weights, before.weights)
    assert (step[:, [0, 2]] == 0).all()
    assert step[:, 1].mean().abs() <= 4 * 0.001 / 2400**0.5
    assert step[:, 1].std().item() == pytest.approx(0.001, rel=0.06)
    market.step()
    second = market.truth.rewards - before.rewards - step
    assert second[:, 1].flatten().dot(step[:, 1].flatten()).abs() <= 4 * 1e-6 * 2400**0.5  # steps are independent
    assert market.last is not None
    assert market.last.truth is not before


def test_wandering_truths_stay_in_the_message_space_and_on_its_support() -> None:
    wanderers = {f"agents.{i}.wander": 0.3 for i in range(3)}
    market = Market(build(load("two_camps", {**wanderers, **TRUTHFUL, "replicates": 3, "rounds": 9})))
    for _ in range(9):
        market.step()
        assert market.scenario.messages.violation(market.truth).max() <= 1e-12
    assert market.history.of("report_distance").max() == 0.0


def test_who_wanders_beside_an_agent_does_not_touch_its_walk() -> None:
    told = {"replicates": 2, "rounds": 3, **TRUTHFUL}
    alone = Market(build(load("two_camps", {**told, "agents.2.wander": 0.05})))
    together = Market(build(load("two_camps", {**told, "agents.2.wander": 0.05, "agents.0.wander": 0.1})))
    later = Market(build(load("two_camps", {**told, "agents.2.wander": 0.05}), replicates=[1]))
    for market in (alone, together, later):
        market.step(), market.step()
    assert torch.equal(alone.truth.rewards[:, 2], together.truth.rewards[:, 2])
    assert torch.equal(alone.truth.rewards[1:], later.truth.rewards)
    assert not torch.equal(alone.truth.rewards[:, 0], together.truth.rewards[:, 0])


def test_truthful_agents_of_vcg_lose_nothing_however_they_wander() -> None:
    wanderers = {f"agents.{i}.wander": 0.1 for i in range(3)}
    history = play("two_camps", {**wanderers, **TRUTHFUL, "rounds": 12, "replicates": 3})
    assert abs(history.of("welfare_loss")).max() <= 1e-12
    assert history.of("exploitability").max() <= 1e-9
    assert np.ptp(history.of("social_welfare"), 0).min() > 0.01  # though what there is to gain has moved


def test_learners_see_the_truth_of_today() -> None:
    """A menu's first entry is the truth of the round; under vcg learners find it however it moves."""
    wanderers = {f"agents.{i}.wander": 0.1 for i in range(3)}
    market = Market(build(load("two_camps", {**wanderers, "rounds": 6, "replicates": 3, "agents.1.strategy": "exp3"})))
    for _ in range(6):
        for population in market.populations:
            assert torch.equal(population.memory.menu.rewards[0], population.truth.rewards)
        market.step()
    settled = play("two_camps", {**wanderers, "rounds": 100, "replicates": 4})
    assert (settled.of("report_distance")[-20:].mean((0, 2)) < 0.1).all()  # 0.8 to 0.9 if menus were kept
    assert (settled.of("welfare_loss")[-20:].mean(0) < 0.01).all()  # 0.5 to 1.4


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_plays_with_a_truth_that_moves(name: str) -> None:
    told = {f"agents.{i}.{key}": value for i in range(3) for key, value in (("wander", 0.1), ("strategy", name))}
    history = play("two_camps", {**told, "information": "full", "rounds": 4, "replicates": 2})
    for column in ("utility", "report_distance", "utility_change", "exploitability"):
        assert np.isfinite(history.of(column)).all()


@pytest.mark.parametrize(
    ("key", "value"), [("agents.0.wander", -0.1), ("agents.0.wander", "much"), ("exploitability", -1)]
)
def test_bad_values_are_sentences(key: str, value: object) -> None:
    with pytest.raises(BadInput, match=key.split(".")[-1]):
        load("two_camps", {key: value})


# contests


def test_losses_in_affine_welfare_are_compared_where_divergence_costs_the_same() -> None:
    from simulate.contest import Contest, compare

    contest = compare("two_camps", ["vcg", "median"], {"rounds": 2, "replicates": 2})
    paired = {row["metric"] for row in contest.verdict()["paired"]}
    assert {"loss_from_rule", "loss_from_lies", "exploitability", "external_regret", "censored"} <= paired
    assert not {"welfare_loss", "welfare_loss_average", "time_to_epsilon", "cycling", "utility_change"} & paired
    changed = {
        "vcg": contest.configs["vcg"].model_copy(update={"mechanism": "vcg"}),
        "median": contest.configs["median"],
    }
    assert not Contest(changed, contest.histories).comparable("loss_from_lies")  # beta 1 against beta 0.3
    assert Contest(changed, contest.histories).comparable("exploitability")
    same = Contest(dict.fromkeys(contest.histories, contest.configs["vcg"]), contest.histories)
    assert same.comparable("welfare_loss_average")


def test_runs_from_before_are_read_as_never_measured(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    import pandas as pd

    from reports.games import read_games
    from simulate.history import LATER_COLUMNS
    from simulate.store import write_run

    config = load("two_camps", {"rounds": 6, "replicates": 2})
    history = play(config)
    write_run(tmp_path / "run", config, history, datetime.now(UTC), {})
    for file in ("rounds", "outcomes"):
        path = tmp_path / "run" / f"{file}.parquet"
        write_parquet(path, pd.read_parquet(path).drop(columns=list(LATER_COLUMNS), errors="ignore"))
    (game,) = read_games([tmp_path / "run"])
    for column in (*history.rounds, *history.outcomes):
        expected = np.full_like(history.of(column), NAN) if column in LATER_COLUMNS else history.of(column)
        assert np.array_equal(game.history.of(column), expected, equal_nan=True), column
    assert np.isnan(METRICS["loss_from_lies"].value(game.history)).all()


def test_learners_come_to_the_nearest_computed_equilibrium() -> None:
    """Distance 0 at the computed profile, by hand elsewhere; NaN where there is none to be near to."""
    settings = {"rounds": 80, "replicates": 2, "mechanism.payment": "zero"}
    history = play("two_camps", settings)
    distance = history.of("equilibrium_distance")
    assert distance[-1].max() <= 1e-12
    assert np.nanmax(distance[0]) > 0.1
    assert np.isnan(distance).any()  # measured in some rounds only
    honest = play("two_camps", {**settings, "rounds": 1, **{f"agents.{i}.strategy": "truthful" for i in range(3)}})
    # the equilibrium says 5, 5 and 8 times as much: |5 - 1|, |5 - 1| and |8 - 1|, mean 5
    np.testing.assert_allclose(honest.of("equilibrium_distance"), 5.0)
    with_payments = play("two_camps", {**settings, "mechanism.payment": "affine_maximizer"})
    assert with_payments.of("equilibrium_distance")[-1].max() <= 1e-12
    for never in ({"drift": True}, {"agents.0.wander": 0.01}, {"exploitability": 0}):
        assert np.isnan(play("two_camps", {**settings, "rounds": 3, **never}).of("equilibrium_distance")).all()
    assert np.isnan(play("crowd", {"rounds": 1, "agents.0.count": 7}).of("equilibrium_distance")).all()


def test_the_nearest_of_several_equilibria_counts() -> None:
    truth = Valuation(torch.tensor([[[[1.0, 0.0]], [[0.0, 2.0]]]]), torch.ones(1, 2))
    equilibria = torch.stack([3 * truth.rewards[0], 5 * truth.rewards[0]])
    reports = Valuation(4.5 * truth.rewards, truth.weights)
    assert equilibrium_distance(equilibria, truth, reports).tolist() == pytest.approx([0.5])
