"""One contract for the whole catalogue of strategies, and what each is for."""

from __future__ import annotations

import pytest
import torch

from mechanisms.messages.base import MessageSpace
from mechanisms.messages.free import free
from mechanisms.messages.max_one import max_one
from mechanisms.messages.sum_to_one import sum_to_one
from mechanisms.messages.unit_box import unit_box
from mechanisms.valuation import Valuation
from simulate.errors import BadInput
from simulate.load import load
from simulate.repeated_game import play
from simulate.scenario import build
from strategies import STRATEGIES
from strategies.base import INFORMATION, Announced, Observation
from strategies.blend import Blend
from strategies.exp3 import Exp3
from strategies.menus import MENUS
from strategies.menus.base import sampled
from strategies.overstate import Overstate
from strategies.sharpen import sharpened
from strategies.streams import Streams

LEARNERS = ["best_response", "gradient_ascent", "hedge", "exp3", "epsilon_greedy", "imitate_best"]
LEARNERS += ["optimistic_hedge", "regret_matching", "regret_matching_plus", "internal_regret_matching"]
LEARNERS += ["fictitious_play", "smooth_fictitious_play", "exp3_p", "ucb", "thompson", "q_learning"]
LEARNERS += ["online_gradient", "extra_gradient", "anticipating_gradient"]
LEARNERS += ["policy_gradient", "cross_entropy", "bayesian_optimisation"]
TRUTHFUL_UNDER_VCG = ["best_response", "gradient_ascent", "hedge", "optimistic_hedge", "fictitious_play"]
TRUTHFUL_UNDER_VCG += ["online_gradient", "extra_gradient", "anticipating_gradient"]
TRUTHFUL_UNDER_VCG += ["regret_matching", "regret_matching_plus", "internal_regret_matching"]
ALL_SEEN = {"information": "full", "rounds": 6, "replicates": 3, "seed": 11}


def everybody(strategy: object) -> dict[str, object]:
    return {f"agents.{i}.strategy": strategy for i in range(3)}


@pytest.mark.parametrize("name", STRATEGIES)
def test_plays_without_options_and_replays(name: str) -> None:
    first = play("two_camps", {**ALL_SEEN, **everybody(name)})
    again = play("two_camps", {**ALL_SEEN, **everybody(name)})
    for column in ("utility", "report_weight", "report_distance"):
        assert (first.of(column) == again.of(column)).all()
        assert first.of(column).shape == (6, 3, 3)


@pytest.mark.parametrize("name", STRATEGIES)
def test_splitting_the_replicates_changes_nothing(name: str) -> None:
    whole = play("two_camps", {**ALL_SEEN, **everybody(name)})
    split = play("two_camps", {**ALL_SEEN, **everybody(name)}, batch=1)
    for column in ("utility", "payment", "report_weight", "report_distance"):
        assert abs(whole.of(column) - split.of(column)).max() <= 1e-12


@pytest.mark.parametrize("name", LEARNERS)
def test_learners_lie_without_payments(name: str) -> None:
    settings = {**ALL_SEEN, "rounds": 120, "mechanism.payment": "zero", **everybody(name)}
    history = play("two_camps", settings)
    assert history.of("report_distance")[-40:].mean() > 0.3
    assert history.of("welfare_loss")[-40:].mean() > 0.01


@pytest.mark.parametrize("name", TRUTHFUL_UNDER_VCG)
def test_learners_with_counterfactuals_tell_the_truth_under_vcg(name: str) -> None:
    history = play("two_camps", {**ALL_SEEN, "rounds": 60, **everybody(name)})
    assert history.of("report_distance")[-20:].max() <= 1e-6
    assert abs(history.of("welfare_loss")[-20:]).max() <= 1e-9


@pytest.mark.parametrize("name", ["exp3", "epsilon_greedy", "exp3_p", "ucb", "thompson", "q_learning"])
def test_bandits_lie_less_under_vcg_than_without_payments(name: str) -> None:
    def late(payment: str) -> float:
        settings = {**ALL_SEEN, "rounds": 200, "mechanism.payment": payment, **everybody(name)}
        return float(play("two_camps", settings).of("report_distance")[-50:].mean())

    assert late("affine_maximizer") < 0.5 * late("zero")


@pytest.mark.parametrize("name", STRATEGIES)
def test_memory_and_valuation_are_not_changed_in_place(name: str) -> None:
    scenario = build(load("two_camps", {**ALL_SEEN}))
    truth = Valuation(scenario.truth.rewards.clone(), scenario.truth.weights.clone())
    strategy, rng = STRATEGIES[name](), Streams(0, range(3), range(3))
    memory = strategy.init(truth, scenario.messages, rng)
    said = strategy.report(truth, memory, rng)
    kept = said.rewards.clone()
    seen = Observation(
        scenario.messages.project(said),
        torch.ones(3, 3).double(),
        torch.full((3, 1, 6), 1 / 6).double(),
        lambda lies: (lies.rewards * lies.weights[..., None, None]).sum((-1, -2)),
        truth,
        scenario.messages,
        Announced(truth, torch.arange(3), lambda all: scenario.mechanism(scenario.reference, all), scenario.reference),
    )
    strategy.update(truth, memory, seen, rng)
    assert torch.equal(truth.rewards, scenario.truth.rewards)
    assert torch.equal(truth.weights, scenario.truth.weights)
    assert torch.equal(strategy.report(truth, memory, rng).rewards, kept) or name in ("noisy", "random")


@pytest.mark.parametrize("name", STRATEGIES)
def test_a_scenario_that_shows_too_little_refuses_learners_in_a_sentence(name: str) -> None:
    needed = STRATEGIES[name]().information
    for given in INFORMATION:
        settings = {"information": given, "agents.0.strategy": name}
        others = {f"agents.{i}.strategy": "truthful" for i in (1, 2)}
        if INFORMATION.index(given) >= INFORMATION.index(needed):
            build(load("two_camps", {**settings, **others}))
        else:
            with pytest.raises(BadInput, match=f"learns from information: {needed}"):
                build(load("two_camps", {**settings, **others}))


@pytest.mark.parametrize("menu", MENUS)
@pytest.mark.parametrize("space", [free, unit_box, max_one, sum_to_one])
def test_menus_begin_with_the_truth_and_stay_in_the_space(menu: str, space) -> None:
    support = torch.tensor([[True] * 5 + [False]])
    messages = MessageSpace(space.__name__, space, support, max_weight=5.0)
    rng = torch.Generator().manual_seed(0)
    raw = Valuation(torch.rand(2, 3, 1, 6, generator=rng).double(), torch.ones(2, 3).double())
    truth = messages.project(raw)
    lies = MENUS[menu](truth, messages)
    assert torch.allclose(lies.rewards[0], truth.rewards, atol=1e-12)
    assert torch.equal(lies.weights[0], truth.weights)
    for m in range(lies.weights.shape[0]):
        entry = Valuation(lies.rewards[min(m, lies.rewards.shape[0] - 1)], lies.weights[m])
        assert messages.violation(entry).max() <= 1e-12


def test_strategy_1_and_2_of_the_paper() -> None:
    messages = MessageSpace("free", free, torch.ones(1, 3, dtype=torch.bool))
    own = Valuation(torch.tensor([[[[1.0, 0.5, 0.0]]]]), torch.tensor([[2.0]]))
    rng = Streams(0, [0], [0])
    assert Overstate(1.5).report(own, messages, rng).weights.item() == 3.0
    others = torch.tensor([[[[0.0, 1.0, 0.0]]]])
    blended = Blend(2.0).report(own, others, rng).rewards
    assert blended.flatten().tolist() == [2.0, 0.0, 0.0]


def test_sharpen_under_both_normalisations() -> None:
    support = torch.ones(1, 3, dtype=torch.bool)
    rewards = torch.tensor([[0.5, 0.3, 0.2]])
    sums = MessageSpace("sum_to_one", sum_to_one, support)
    assert sharpened(rewards, sums, 0.1).tolist()[0] == pytest.approx([0.6, 0.3, 0.1])
    assert sharpened(rewards, sums, 9.0).tolist()[0] == pytest.approx([0.7, 0.3, 0.0])
    best_is_one = MessageSpace("max_one", max_one, support)
    assert sharpened(torch.tensor([[1.0, 0.3, 0.2]]), best_is_one, 0.1).tolist()[0] == pytest.approx([1.0, 0.3, 0.1])


def test_sampled_follows_the_probabilities() -> None:
    probabilities = torch.tensor([[[0.2, 0.0, 0.8]]]).double()
    draws = [sampled(probabilities, torch.tensor([[u]]).double()).item() for u in (0.0, 0.19, 0.2, 0.5, 0.999999)]
    assert draws == [0, 0, 2, 2, 2]


def test_exp3_divides_by_the_probability_of_the_lie_told() -> None:
    messages = MessageSpace("free", free, torch.ones(1, 3, dtype=torch.bool))
    own, rng = Valuation(torch.rand(4, 2, 1, 3).double(), torch.ones(4, 2).double()), Streams(0, range(4), range(2))
    strategy = Exp3(rate=1.0, explore=0.2)
    memory = strategy.init(own, messages, rng)
    expected = torch.zeros_like(memory.scores)
    for utility, gain in ((1.0, 0.5), (3.0, 1.0), (2.0, 0.5), (1.0, 0.0)):  # gain: on the range seen so far
        chance = 0.8 * torch.softmax(expected, -1) + 0.2 / 6
        told = memory.action[..., None]
        expected.scatter_add_(-1, told, (gain - 1) / chance.gather(-1, told))
        seen = Observation(own, torch.full((4, 2), utility).double(), None, None, None, messages)
        memory = strategy.update(own, memory, seen, rng)
        assert torch.allclose(memory.scores, expected)


def test_streams_differ_between_agents_replicates_and_seeds() -> None:
    draws = Streams(5, [0, 1], [0, 1]).uniform(100).flatten(0, 1)
    assert len({tuple(row.tolist()) for row in draws}) == 4
    assert not torch.equal(draws[0], Streams(6, [0], [0]).uniform(100)[0, 0])
    alone = Streams(5, [1], [1]).uniform(100)[0, 0]  # who plays beside an agent does not touch its stream
    assert torch.equal(alone, draws[3])


def test_bad_options_are_sentences() -> None:
    for strategy, message in (
        ({"name": "hedge", "menu": "overstat"}, "did you mean 'overstate'"),
        ({"name": "hedge", "rate": -1}, "rate is -1"),
        ({"name": "exp3", "explore": "much"}, "a finite number is expected"),
        ({"name": "exp3", "exploar": 0.1}, "did you mean 'explore'"),
    ):
        with pytest.raises(BadInput, match=message):
            build(load("two_camps", {"agents.0.strategy": strategy}))
