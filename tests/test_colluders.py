"""Those who agree: on telling each other the truth while it is repaid, or on lying together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms.base import Outcome, utility
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.unit_box import unit_box
from mechanisms.recipe import Recipe
from mechanisms.valuation import Valuation
from simulate.errors import BadInput
from simulate.history import History
from simulate.load import load
from simulate.market import Market
from simulate.repeated_game import play
from simulate.scenario import build
from simulate.scenarios.cartel import cartel
from strategies.base import Announced, Observation, Strategy
from strategies.coalition import structured
from strategies.grim_trigger import GrimTrigger
from strategies.joint import joint_utilities
from strategies.pact import insisting
from strategies.streams import Streams
from strategies.tit_for_tat import TitForTat
from tests.games import Game, games

DILEMMA = {**cartel, "agents": cartel["agents"][:2], "reference": [1 / 4] * 4}
TEMPTED, PEACE, WAR = 0.99, 0.77, 0.5  # what north gets: insisting alone, both truthful, both insisting


@dataclass(frozen=True)
class Scripted:
    """Insists in the rounds that the script says, tells the truth in all others."""

    script: tuple[bool, ...]
    information = "bandit"

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> tuple[MessageSpace, int]:
        return messages, 0

    def report(self, valuation: Valuation, memory: tuple[MessageSpace, int], rng: Streams) -> Valuation:
        messages, played = memory
        return insisting(valuation, messages, 4.0) if self.script[played] else valuation

    def update(self, valuation: Valuation, memory: tuple[MessageSpace, int], seen: Observation, rng: Streams):
        return memory[0], memory[1] + 1


def played(data: dict, *strategies: Strategy, rounds: int = 8, replicates: int = 1) -> History:
    market = Market(replace(build(load(data, {"replicates": replicates})), strategies=strategies))
    for _ in range(rounds):
        market.step()
    return market.history


def lies(history: History, agent: int = 0) -> list[bool]:
    return (history.of("report_distance")[:, 0, agent] > 0).tolist()


def script(text: str) -> tuple[bool, ...]:
    return tuple(letter == "D" for letter in text)


def test_the_cartels_game_is_a_prisoners_dilemma() -> None:
    def both(north: str, south: str) -> list[float]:
        history = played(DILEMMA, Scripted(script(north)), Scripted(script(south)), rounds=1)
        return history.of("utility")[0, 0].tolist()

    assert both("C", "C") == pytest.approx([PEACE, PEACE], abs=0.01)
    assert both("D", "D") == pytest.approx([WAR, WAR], abs=0.01)
    temptation, sucker = both("D", "C")
    assert temptation > TEMPTED
    assert sucker < 0.01


@given(games(max_agents=4), st.floats(1.0, 5.0))
@settings(max_examples=40, deadline=None)
def test_overstating_by_all_alike_is_no_dilemma(game: Game, factor: float) -> None:
    """The sum of the agents' valuations grows: divergence is the provider's affair."""
    mechanism = Recipe(beta=game.beta, payment="zero").build()
    inflated = Valuation(game.truth.rewards, factor * game.truth.weights)
    before, after = (
        utility(game.reference, game.truth, mechanism(game.reference, reports)).sum()
        for reports in (game.truth, inflated)
    )
    assert float(after - before) >= -1e-9


def test_tit_for_tat_repays_each_breach_once_and_grim_trigger_the_first_for_ever() -> None:
    breaches = "CCDCCDDC"
    assert lies(played(DILEMMA, TitForTat(), Scripted(script(breaches)))) == list(script("CCCDCCDD"))
    assert lies(played(DILEMMA, GrimTrigger(), Scripted(script(breaches)))) == list(script("CCCDDDDD"))


@given(st.lists(st.booleans(), min_size=2, max_size=12), st.floats(0.0, 0.4), st.booleans(), st.floats(1e-6, 1e6))
@settings(max_examples=60, deadline=None)
def test_what_is_a_breach(script: list[bool], margin: float, of_weight: bool, scale: float) -> None:
    """More than a margin, either way, of a stranger's weight or rewards, whatever their scale; in each replicate."""
    messages = MessageSpace("unit_box", unit_box, torch.ones(1, 3, dtype=torch.bool))
    truth = Valuation(torch.tensor([0.2, 0.9, 0.5]).double().expand(2, 3, 1, 3), torch.full((2, 3), scale).double())
    members, rng = torch.tensor([0, 2]), Streams(0, [0, 1], [0, 2])
    own = truth.of(members)
    tit, grim = TitForTat(margin=margin), GrimTrigger(margin=margin)
    memories = [strategy.init(own, messages, rng) for strategy in (tit, grim)]
    rewards = truth.rewards * torch.tensor([3.0, 1.0, 0.0])[:, None, None]  # members may say what they like
    for t, breach in enumerate([False, *script]):
        off = 2 * margin + 1e-3 if breach else margin / 2 if t else 0.0
        shift = torch.tensor([1 + off if t % 2 else 1 - off, 1.0])  # the second replicate's stranger keeps its word
        said_weights, said_rewards = truth.weights.clone(), rewards.clone()
        if of_weight:
            said_weights[:, 1] *= shift
        else:
            said_rewards[:, 1] *= shift[:, None, None]
        said = Valuation(said_rewards, said_weights)
        seen = Observation(
            own, torch.zeros(2, 2), None, None, None, messages, Announced(said, members, lambda reports: None, None)
        )
        memories = [s.update(own, m, seen, rng) for s, m in zip((tit, grim), memories, strict=True)]
        assert memories[0].punishing.tolist() == [breach, False]
        assert memories[1].punishing.tolist() == [any(script[:t]), False]
        told = tit.report(own, memories[0], rng)
        assert torch.equal(told.weights[1], own.weights[1])
        assert torch.equal(told.weights[0], own.weights[0] * (tit.factor if breach else 1))


def test_colluders_keep_the_peace_among_themselves() -> None:
    alike = played(DILEMMA, TitForTat(), TitForTat())
    strangers = played(DILEMMA, TitForTat(), GrimTrigger())  # two populations, each the other's stranger
    for history in (alike, strangers):
        assert history.of("report_distance").max() == 0
        assert history.of("utility")[-1, 0].tolist() == pytest.approx([PEACE, PEACE], abs=0.01)


def test_members_do_not_repay_each_others_punishments_but_two_populations_echo() -> None:
    once = Scripted(script("CDCCCCCC"))
    together = played(cartel, TitForTat(), TitForTat(), once)
    assert lies(together, 0) == lies(together, 1) == list(script("CCDCCCCC"))
    apart = played(cartel, TitForTat(), TitForTat(margin=0.06), once)
    assert lies(apart, 0) == lies(apart, 1) == list(script("CCDDDDDD"))


def test_a_defector_exploits_tit_for_tat_once() -> None:
    utilities = played(DILEMMA, TitForTat(), Scripted(script("CDDDDDDD"))).of("utility")[:, 0]
    assert utilities[1, 1] > TEMPTED
    assert utilities[2:, 1].max() == pytest.approx(WAR, abs=0.01)
    lost = utilities[:, 1].sum() - utilities[:, 0].sum()
    assert lost == pytest.approx(utilities[1, 1] - utilities[1, 0], abs=1e-9)


def test_a_first_word_is_believed_up_to_the_limit() -> None:
    always = Scripted(script("D" * 8))
    assert not any(lies(played(DILEMMA, TitForTat(), always)))
    assert lies(played(DILEMMA, TitForTat(limit=1.0), always)) == list(script("CDDDDDDD"))
    assert lies(played(DILEMMA, GrimTrigger(limit=1.0), Scripted(script("DCCCCCCC")))) == list(script("CDDDDDDD"))
    assert not any(lies(played(DILEMMA, TitForTat(limit=3.9), always)))  # within the margin of 0.05
    assert any(lies(played(DILEMMA, TitForTat(limit=3.5), always)))


def test_the_cartel_makes_lying_dearer_than_the_truth() -> None:
    def newcomer(strategy: str, rivals: str) -> float:
        given = {
            "agents.2.strategy": strategy,
            "agents.0.strategy": rivals,
            "agents.1.strategy": rivals,
            "replicates": 1,
            "rounds": 30,
        }
        return float(play("cartel", given).of("utility")[-15:, :, 2].mean())

    truth = newcomer("truthful", "tit_for_tat")
    assert truth == pytest.approx(0.80, abs=0.005)
    assert newcomer("best_response", "truthful") > 0.99
    assert newcomer("best_response", "tit_for_tat") == pytest.approx(0.45, abs=0.01)
    assert newcomer("hedge", "grim_trigger") < truth - 0.1


def test_insisting_leaves_padding_alone_and_breaks_ties_by_the_first() -> None:
    messages = MessageSpace("unit_box", unit_box, torch.tensor([[True, True, True, False]]), max_weight=3.0)
    told = insisting(Valuation(torch.tensor([[[0.2, 0.7, 0.7, 0.0]]]), torch.tensor([1.0])), messages, 4.0)
    assert told.rewards.flatten().tolist() == pytest.approx([0.2, 0.7, 0.2, 0.0])
    assert told.weights.item() == 3.0


@pytest.mark.parametrize(
    ("option", "value"), [("factor", 0.0), ("margin", -0.1), ("limit", -1.0), ("limit", "much"), ("factor", "much")]
)
def test_bad_options_are_sentences(option: str, value: object) -> None:
    with pytest.raises(BadInput, match=f"{option} is {value!r}"):
        build(load("cartel", {"agents.0.strategy": {"name": "tit_for_tat", option: value}}))


def camps(members: tuple[int, ...], **more: object) -> History:
    who = {f"agents.{i}.strategy": "coalition" if i in members else "truthful" for i in range(3)}
    return play("two_camps", {**who, "information": "full", "rounds": 4, "replicates": 2, **more})


@pytest.mark.parametrize(("members", "best"), [((0, 2), 2.0), ((0, 1), 2.0), ((0, 1, 2), 2.4)], ids=str)
@pytest.mark.parametrize("payment", ["affine_maximizer", "zero"])
def test_a_coalition_gets_all_that_its_members_could_wish(members: tuple[int, ...], best: float, payment: str) -> None:
    """``best`` is the largest sum of members' w r over responses: no policy brings more, whoever pays nothing."""
    history = camps(members, **{"mechanism.payment": payment})
    together = history.of("utility")[:, :, list(members)].sum(-1)
    assert together[0] == pytest.approx(together[0, 0])  # the joint truth
    assert together[1:].min() > together[0, 0] + 0.1
    assert together[-1] == pytest.approx(best, abs=2e-3)


def test_no_member_of_a_coalition_under_vcg_would_lie_alone() -> None:
    """The joint lie is no equilibrium: each alone gains by its truth, and the surplus has to be shared by trust."""
    friends, enemies = (camps(members).of("utility_gain")[-1, 0] for members in ((0, 2), (0, 1)))
    assert max(friends.max(), enemies.max()) <= 1e-9
    assert enemies[:2].max() < -0.5
    assert camps((0,)).of("report_distance").max() == 0  # and a coalition of one keeps to the truth


@pytest.mark.parametrize("strategy", ["coalition", "false_name"])
def test_who_has_nothing_to_gain_together_keeps_to_the_truth(strategy: str) -> None:
    """All responses alike: whatever is said, rounding apart, nothing changes."""
    alike = {"rewards": [0.7] * 5, "strategy": strategy, "count": 3}
    data = {"reference": [0.2] * 5, "agents": [alike], "information": "full", "rounds": 3, "replicates": 2}
    for payment in ("zero", "affine_maximizer"):
        assert play({**data, "mechanism": {"payment": payment}}).of("report_distance").max() == 0


@pytest.mark.parametrize("mechanism", ["vcg", "no_payment", "pay_as_reported", "bailey", "median"])
def test_a_coalition_is_never_below_its_joint_truth(mechanism: str) -> None:
    given = {"information": "full", "rounds": 3, "replicates": 6, "mechanism": mechanism}
    history = play("three_strangers", {**given, "agents.0.strategy": "coalition", "agents.2.strategy": "coalition"})
    together = history.of("utility")[..., [0, 2]].sum(-1)
    assert (together >= together[0] - 1e-9).all()
    if mechanism != "median":  # which a pair can move as well, though not in every game
        assert (together[-1] > together[0] + 1e-3).all()


@pytest.mark.parametrize("payment", ["affine_maximizer", "zero"])
def test_no_random_joint_lie_beats_the_coalitions(payment: str) -> None:
    """Recomputed by plain mechanism calls on whole profiles."""
    scenario = build(load("two_camps", {"replicates": 1, "mechanism.payment": payment}))
    rng = torch.Generator().manual_seed(0)
    rewards = scenario.truth.rewards.expand(4000, -1, -1, -1).clone()
    weights = scenario.truth.weights.expand(4000, -1).clone()
    rewards[:, [0, 2]] = torch.rand(4000, 2, 1, 6, generator=rng, dtype=torch.float64)
    weights[:, [0, 2]] = 10 * torch.rand(4000, 2, generator=rng, dtype=torch.float64)
    reports = scenario.messages.project(Valuation(rewards, weights))
    found = utility(scenario.reference, scenario.truth, scenario.mechanism(scenario.reference, reports))[:, [0, 2]]
    agreed = camps((0, 2), **{"mechanism.payment": payment}).of("utility")[-1, 0, [0, 2]].sum()
    assert agreed > found.sum(-1).max()


@given(games(min_agents=2, max_prompts=2))
@settings(max_examples=30, deadline=None)
def test_joint_utilities_are_those_of_the_whole_profile(game: Game) -> None:
    mechanism = Recipe(beta=game.beta).build()
    members = torch.tensor([len(game.truth.weights) - 1, 0])
    base = Valuation(game.truth.rewards[None], game.truth.weights[None])
    messages = MessageSpace("unit_box", unit_box, game.reference.policy > 0)
    own = base.of(members)

    def announced(reports: Valuation) -> Outcome:
        return mechanism(game.reference, reports)

    joint = structured(own, messages)
    found = joint_utilities(Announced(base, members, announced, game.reference), own, joint)
    for m in range(joint.weights.shape[0]):
        rewards, weights = game.truth.rewards.clone(), game.truth.weights.clone()
        rewards[members], weights[members] = joint.rewards[m, 0], joint.weights[m, 0]
        alone = utility(game.reference, game.truth, mechanism(game.reference, Valuation(rewards, weights)))
        assert torch.allclose(found[m, 0], alone[members], atol=1e-9)


def test_prompts_count_as_much_as_the_scenario_says() -> None:
    """The joint lie of everybody is worth what the market then pays: valued with the prompts' own weights."""
    data = {
        "reference": [[0.5, 0.5], [0.5, 0.5]],
        "prompt_weights": [0.9, 0.1],
        "agents": [
            {"rewards": [[1.0, 0.0], [0.0, 1.0]], "strategy": "coalition"},
            {"rewards": [[0.2, 0.5], [1.0, 0.0]], "strategy": "coalition"},
        ],
        "information": "full",
        "rounds": 3,
        "replicates": 1,
    }
    scenario = build(load(data))
    lie = Valuation(3 * scenario.truth.rewards[None], scenario.truth.weights[None])
    market = Announced(
        scenario.truth, torch.arange(2), lambda reports: scenario.mechanism(scenario.reference, reports),
        scenario.reference,
    )  # fmt: skip
    told = Valuation(lie.rewards[0], lie.weights[0])
    expected = utility(scenario.reference, scenario.truth, scenario.mechanism(scenario.reference, told))
    torch.testing.assert_close(joint_utilities(market, scenario.truth, lie)[0], expected)
    sums = play(data).of("utility").sum(-1)
    assert sums[-1, 0] >= sums[0, 0] - 1e-9
