"""Behaviours that one agent needs nobody's help for: several names, no name, and a size that follows the gains."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms.base import utility
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.free import free
from mechanisms.recipe import Recipe
from mechanisms.valuation import Valuation
from simulate.errors import BadInput
from simulate.load import load
from simulate.repeated_game import play
from simulate.scenario import build
from strategies.base import Observation
from strategies.false_name import FACTORS, splits
from strategies.size_inflater import SizeInflater
from strategies.streams import Streams
from tests.games import Game, games


def under_names(truth: Valuation, names: int) -> Valuation:
    """The last agent's report split evenly over so many names; the truth itself under one."""
    rewards = torch.cat([truth.rewards, truth.rewards[-1:].expand(names - 1, -1, -1)])
    share = truth.weights[-1:] / names
    return Valuation(rewards, torch.cat([truth.weights[:-1], share.expand(names)]))


@given(games(), st.integers(2, 6), st.sampled_from(["kl", "chi_squared", "hellinger", "total_variation"]))
@settings(max_examples=60, deadline=None)
def test_splitting_a_report_never_raises_the_bill(game: Game, names: int, divergence: str) -> None:
    """The best objective is convex in the total, so that k V(T - t/k) <= (k - 1) V(T) + V(T - t)."""
    mechanism, others = Recipe(divergence=divergence, beta=game.beta).build(), len(game.truth.weights) - 1
    whole, split = (mechanism(game.reference, under_names(game.truth, k)) for k in (1, names))
    assert float(split.payments[others:].sum()) <= float(whole.payments[others:].sum()) + 1e-7
    if divergence != "total_variation":  # where several policies may be best
        assert torch.allclose(split.policy, whole.policy, atol=1e-9)


@given(games(spread=5.0), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_the_bill_of_k_names_under_kl(game: Game, names: int) -> None:
    """k beta log E[exp(-t / (k beta))] + E[t] under the policy trained, which tends to Var(t) / (2 k beta)."""
    mechanism, others = Recipe(beta=game.beta).build(), len(game.truth.weights) - 1
    reported = game.truth.weights[-1] * game.truth.rewards[-1]
    for k in (names, 1000):
        outcome = mechanism(game.reference, under_names(game.truth, k))
        seen, scale = outcome.policy, k * game.beta
        cumulant = scale * (seen * (-reported / scale).exp()).sum(-1).log() + (seen * reported).sum(-1)
        assert float(outcome.payments[others:].sum()) == pytest.approx(float(cumulant.mean()), abs=1e-7)
    mean = (seen * reported).sum(-1, keepdim=True)
    variance = float((seen * (reported - mean) ** 2).sum(-1).mean())
    assert float(cumulant.mean()) == pytest.approx(variance / (2 * scale), rel=0.02, abs=1e-8)


def test_names_pay_in_the_aliases_scenario_by_plain_mechanism_calls() -> None:
    scenario, history = build(load("aliases", {"replicates": 1})), play("aliases", {"rounds": 3, "replicates": 2})
    names, truth = slice(0, 4), scenario.truth
    weights = truth.weights.clone()
    weights[:, names] = 2.0
    honest, split = (
        utility(scenario.reference, truth, scenario.mechanism(scenario.reference, Valuation(truth.rewards, said)))
        for said in (truth.weights, weights)
    )
    assert history.of("report_weight")[-1, 0] == pytest.approx([2.0] * 5 + [1.0])
    for row, expected in ((0, honest), (-1, split)):
        assert history.of("utility")[row, 0] == pytest.approx(expected[0].numpy(), abs=1e-12)
    assert float(honest[0, names].sum()) == pytest.approx(0.472, abs=1e-3)
    assert float(split[0, names].sum()) == pytest.approx(1.897, abs=1e-3)
    assert float(split[0, 4:].max()) < 0.01 < float(honest[0, 4:].min())
    assert history.of("utility_gain")[-1].max() <= 1e-9  # for each name alone, the truth is dominant


def two_names(mechanism: object, names: int = 2) -> dict[str, object]:
    agent = {"rewards": {"random": {}}, "weight": 1.0}
    alias = {"name": "alias", "rewards": {"random": {}}, "weight": 0.0, "strategy": "false_name"}
    agents = [{**agent, "strategy": "false_name"}, *[alias] * (names - 1), agent, {**agent, "weight": 1.5}]
    messages = {"rewards": "unit_box", "max_weight": 1.5}
    data = {"reference": {"random": {"responses": 5}}, "agents": agents, "messages": messages, "mechanism": mechanism}
    return {**data, "information": "full", "rounds": 2, "replicates": 50}


def test_a_second_name_pays_in_every_random_game() -> None:
    sums = play(two_names({"beta": 0.3})).of("utility")[:, :, :2].sum(-1)
    assert (sums[1] > sums[0] + 1e-4).all()
    assert np.median(sums[1] - sums[0]) > 0.02


def test_one_name_keeps_to_the_truth_under_vcg() -> None:
    assert play(two_names({"beta": 0.3}, names=1)).of("report_distance").max() == 0


@pytest.mark.parametrize("mechanism", ["no_payment", "pay_as_reported", "cavallo", "agv", "opinion_pool"])
def test_names_are_used_only_where_they_pay(mechanism: str) -> None:
    sums = play({**two_names(mechanism), "replicates": 8}).of("utility")[:, :, :2].sum(-1)
    assert (sums[1] >= sums[0] - 1e-9).all()


def test_splits_by_hand() -> None:
    messages = MessageSpace("free", free, torch.ones(1, 2, dtype=torch.bool))
    rewards = torch.tensor([[0.3, 0.3], [1.0, 0.0], [0.5, 0.5]]).double()[None, :, None]
    menu = splits(Valuation(rewards, torch.tensor([[0.0, 2.0, 0.0]]).double()), messages)
    assert menu.rewards[:, 0, :, 0].unique(dim=1).squeeze(1).unique(dim=0).tolist() == [[1.0, 0.0]]
    factors = [(k, c) for k in (1, 2, 3) for c in (*FACTORS, k)]
    expected = np.array([[0 if k < 2 else 2 * c / k, 2 * c / k, 0 if k < 3 else 2 * c / k] for k, c in factors])
    assert menu.weights[:, 0].numpy() == pytest.approx(expected, rel=1e-15)


def ridden(scenario: str, mechanism: object, rider: int) -> tuple[float, float, float]:
    """What it gets by the truth and by riding, and its bill as a rider, everybody else truthful."""
    honest = {f"agents.{i}.strategy": "truthful" for i in range(len(load(scenario).agents))}
    given = {**honest, "mechanism": mechanism, "rounds": 1, "replicates": 1}
    truth, ride = (play(scenario, {**given, f"agents.{rider}.strategy": how}) for how in ("truthful", "free_rider"))
    return truth.of("utility")[0, 0, rider], ride.of("utility")[0, 0, rider], ride.of("payment")[0, 0, rider]


def test_riding_is_nearly_as_good_as_taking_part_where_the_others_want_the_same() -> None:
    truth, ride, bill = ridden("free_rider", {"beta": 0.5}, 2)
    assert bill == pytest.approx(0, abs=1e-12)
    assert 0.98 * truth < ride < truth
    truth, ride, bill = ridden("two_camps", {"beta": 0.3}, 0)
    assert bill == pytest.approx(0, abs=1e-12)
    assert ride < 0.7 * truth


def test_riding_beats_taking_part_where_truth_leaves_nothing() -> None:
    truth, ride, _ = ridden("free_rider", "pay_as_reported", 2)
    assert truth == pytest.approx(0, abs=1e-12)
    assert ride > 1.6


@given(games(min_agents=2))
@settings(max_examples=40, deadline=None)
def test_what_riding_costs_under_vcg(game: Game) -> None:
    """V with the agent - V without it - what it gets without it; never negative."""
    mechanism = Recipe(beta=game.beta).build()
    absent = Valuation(game.truth.rewards, torch.cat([game.truth.weights[:-1], game.truth.weights[-1:] * 0]))
    here, away = (mechanism(game.reference, reports) for reports in (game.truth, absent))
    cost = float((utility(game.reference, game.truth, here) - utility(game.reference, game.truth, away))[-1])
    value = [float(mechanism.train.value(game.reference, reports)) for reports in (game.truth, absent)]
    own = float(game.truth.weights[-1] * game.reference.expectation(away.policy, game.truth.rewards[-1]))
    assert cost == pytest.approx(value[0] - value[1] - own, abs=1e-8)
    assert cost >= -1e-9


def inflated(payment: str, agents: tuple[int, ...], **options: float) -> np.ndarray:
    who = {f"agents.{i}.strategy": "truthful" for i in range(3)}
    who |= {f"agents.{i}.strategy": {"name": "size_inflater", **options} for i in agents}
    given = {"rounds": 60, "replicates": 2, "information": "bandit", "mechanism.payment": payment}
    return play("two_camps", {**given, **who}).of("report_weight")


@pytest.mark.parametrize("agent", [0, 2])
def test_a_size_inflater_reaches_the_cap_without_payments_and_returns_to_the_truth_under_vcg(agent: int) -> None:
    free_of_charge, charged = (inflated(payment, (agent,)) for payment in ("zero", "affine_maximizer"))
    true = (2.0, 2.0, 1.0)[agent]
    assert (np.diff(free_of_charge[:, 0, agent]) >= 0).all()
    assert (free_of_charge[-20:, :, agent] == 10.0).all()
    assert charged[1, :, agent] == pytest.approx(1.2 * true)
    assert (charged[2:, :, agent] == true).all()


def test_size_inflaters_inflate_against_each_other_and_not_under_vcg() -> None:
    assert inflated("zero", (0, 1, 2))[-10:].min() > 5.0
    assert (inflated("affine_maximizer", (0, 1, 2))[2:] == [2.0, 2.0, 1.0]).all()


def test_a_size_inflater_stops_at_most() -> None:
    assert inflated("zero", (0,), most=3.0)[-20:, :, 0] == pytest.approx(6.0)


@given(st.floats(1.0, 50.0), st.floats(1.05, 2.0), st.sampled_from([1e-12, 1e-6, 1.0, 1e6, 1e12]))
@settings(max_examples=60, deadline=None)
def test_a_size_inflater_climbs_to_the_peak_of_its_utility(peak: float, growth: float, scale: float) -> None:
    """It ends within two steps of the factor that pays best, whatever the units of utility."""
    messages = MessageSpace("free", free, torch.ones(1, 2, dtype=torch.bool))
    own, rng = Valuation(torch.rand(1, 1, 1, 2).double(), torch.ones(1, 1).double()), Streams(0, [0], [0])
    strategy = SizeInflater(growth)
    memory = strategy.init(own, messages, rng)
    factors = []
    for _ in range(200):
        said = strategy.report(own, memory, rng)
        factors.append(float(said.weights))
        worth = -scale * (said.weights / peak).log() ** 2
        memory = strategy.update(own, memory, Observation(said, worth, None, None, None, messages), rng)
    assert factors[0] == 1.0
    assert abs(np.log(np.array(factors[-50:]) / peak)).max() <= 2 * np.log(growth) + 1e-6


@pytest.mark.parametrize(("option", "value"), [("growth", 1.0), ("most", 0.5)])
def test_bad_options_are_sentences(option: str, value: float) -> None:
    with pytest.raises(BadInput, match=f"{option} is {value!r}"):
        build(load("two_camps", {"agents.0.strategy": {"name": "size_inflater", option: value}}))
