"""The base paper's theorems: every check holds, and every check fails on an ingredient that is wrong."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from itertools import pairwise

import pytest
import torch
import typer
from typer.testing import CliRunner

from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.pay_as_reported import pay_as_reported
from mechanisms.training_rules.generalized_mean import GeneralizedMean
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from reports.cli.reproduce import reproduce_command
from simulate.errors import BadInput
from simulate.reproductions import REPRODUCTIONS
from simulate.theorems import THEOREMS
from simulate.theorems.base import Measured, Worst
from simulate.theorems.cycle_monotonicity import CYCLES, TYPES, cycles, least_gain, shortest_path_payments
from simulate.theorems.games import STRICTLY_CONVEX, drawn, generator, sampled
from simulate.theorems.path import charged, path_payment
from simulate.theorems.reported_weights import lengths
from simulate.theorems.zero_least_reward import pull, softness


@pytest.mark.parametrize("number", THEOREMS)
def test_it_holds(number: str) -> None:
    for measured in THEOREMS[number].check(7, 28):
        assert measured.holds, measured
        assert measured.tried > 0


@pytest.mark.parametrize("number", THEOREMS)
def test_it_is_repeatable_and_depends_on_the_seed(number: str) -> None:
    first, again, other = (THEOREMS[number].check(seed, 1) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def half(train, reference, reports, policy):
    return affine_maximizer(train, reference, reports, policy) / 2


def lowered(train, reference, reports, policy):
    return affine_maximizer(train, reference, reports, policy) - 0.1


def half_charged(games, own):
    return charged(games, own) / 2


def with_a_bonus(games, own):
    return path_payment(games, own) + 0.01 * own.weights * own.rewards.square().sum((-2, -1))


def first_alone(games):
    """A report at which the own weight does matter."""
    return torch.nn.functional.one_hot(torch.tensor([0]), games.space.support.shape[-1]).to(torch.float64)


PLANTED = [
    ("4.2", {"pay": affine_maximizer}, ("sum_to_one", "max_one")),
    ("4.2", {"pay": lambda *given: -half(*given)}, ("constant reward",)),
    ("4.3", {"pay": affine_maximizer}, ("case 1", "case 2", "case 3")),
    ("4.4", {"pay": half}, ("largest gain",)),
    ("4.4", {"pay": pay_as_reported}, ("least (utility",)),
    ("4.4", {"pay": lowered}, ("least payment",)),
    ("4.6", {"payments": (charged, with_a_bonus)}, ("largest spread",)),
    ("4.6", {"payments": (half_charged, path_payment)}, ("largest spread",)),
    ("4.8", {"kl": 0.2}, ("bound, kl", "modulus, kl")),
    ("4.8", {"chi_squared": 0.12}, ("bound, chi_squared", "modulus, chi_squared")),
    ("B.1", {"constant": 1.2}, ("largest movement",)),
    ("4.9", {"through": first_alone}, ("limit",)),
    ("4.9", {"pay": half_charged}, ("least room",)),
    ("4.10", {"through": first_alone}, ("limit", "at the switch")),
    ("4.10", {"pay": half_charged}, ("least room",)),
    ("4.11", {"pay": half_charged}, ("least (non-negative",)),
    ("4.11", {"own_weight": 3.0}, ("the instance",)),
    ("4.13", {"own_weight": 3.0}, ("largest (payment",)),
    ("4.12", {"constant": 1.9}, ("expected gain",)),
    ("D.1", {"constant": 0.9}, ("largest",)),
    ("D.2", {"constant": 1.9}, ("largest loss",)),
    ("E.2", {"can": partial(GeneralizedMean, alpha=-50.0)}, ("a cycle, social_welfare", "shortest-path")),
    ("E.2", {"cannot": {"welfare": SocialWelfare}}, ("a cycle, welfare",)),
]


@pytest.mark.parametrize(("number", "wrong", "broken"), PLANTED, ids=[f"{n}-{i}" for i, (n, *_) in enumerate(PLANTED)])
def test_the_check_has_teeth(number: str, wrong: dict, broken: tuple[str, ...]) -> None:
    found = THEOREMS[number].check(7, 150, **wrong)
    for what in broken:
        blamed = [measured for measured in found if what in measured.what]
        assert blamed
        assert not any(measured.holds for measured in blamed), blamed


def test_t_is_the_papers_under_kl_and_chi_squared() -> None:
    """t(z) beta = r(z) - v (KL) and 2 t(z) beta = r(z) - E_reference[r] (chi-squared)."""
    games = drawn(generator(0), 20, "kl")
    policy = games.train(games.reference, games.truth)
    own = games.own.rewards
    value = games.reference.expectation(policy, own)[:, None, None]
    torch.testing.assert_close(pull(own, softness(games)), own - value)
    games = drawn(generator(0), 20, "chi_squared")
    own = games.own.rewards
    mean = games.reference.expectation(games.reference.policy, own)[:, None, None]
    torch.testing.assert_close(pull(own, softness(games)), own - mean)


@pytest.mark.parametrize("divergence", ["kl", "total_variation"])
def test_the_way_there_and_back_telescopes(divergence: str) -> None:
    """(1/k) (w E[r* - r] under policy* - policy + w' E[r' - r*] under policy' - policy*), continuous or not."""
    games = drawn(generator(5), 30, divergence)
    start = Valuation(games.rewards(30), games.own.weights)
    end = Valuation(games.rewards(30), 2 * games.own.weights)
    middle = games.uniform
    there, back, _ = lengths(games, start, end, middle, 7)

    def policy(rewards, weights):
        return games.train(games.reference, games.profile(Valuation(rewards, weights)))

    flat = policy(middle.expand_as(start.rewards), start.weights)
    sides = start.weights * games.reference.expectation(
        flat - policy(start.rewards, start.weights), middle - start.rewards
    ) + end.weights * games.reference.expectation(policy(end.rewards, end.weights) - flat, end.rewards - middle)
    torch.testing.assert_close(there + back, sides / 7)


def test_total_variation_jumps_and_its_payments_are_determined_all_the_same() -> None:
    games = drawn(generator(6), 50, "total_variation", "max_one")
    start, end = (Valuation(games.rewards(50), w * games.own.weights) for w in (1, 3))
    steps = [lengths(games, start, end, games.uniform, k) for k in (50, 2000)]
    due = charged(games, end) - charged(games, start)
    for there, back, _ in steps:
        assert bool((there >= due - 1e-9).all())
        assert bool((-back <= due + 1e-9).all())
    assert float((steps[1][0] - due).abs().max()) < 0.05 * float((steps[0][0] - due).abs().max()) + 1e-9


def test_games_stay_in_the_space_and_in_the_interior() -> None:
    for games in sampled(generator(1), 120, STRICTLY_CONVEX):
        assert float(games.space.violation(games.truth).max()) < 1e-12
        assert float(games.train(games.reference, games.truth).min()) > 0
        torch.testing.assert_close(games.reference.policy.sum(-1), torch.ones(10, 1, dtype=torch.float64))


def test_payments_by_path_are_the_sum_of_the_paths_small_steps() -> None:
    games = drawn(generator(2), 10, "hellinger", unevenness=1.0)
    own = games.own
    shares = torch.linspace(0, 1, 4001, dtype=torch.float64).reshape(-1, 1, 1, 1)
    rewards = games.uniform + shares * (own.rewards - games.uniform)
    path = Valuation(rewards, own.weights.expand(4001, -1))
    policies = games.train(games.reference, games.profile(path))
    middles = (policies[1:] + policies[:-1]) / 2
    step = games.reference.expectation(middles, rewards[1:] - rewards[:-1]).sum(0)
    valuation = games.reference.expectation(policies[-1], own.rewards)
    expected = own.weights * (valuation - games.uniform.mean() - step)
    torch.testing.assert_close(path_payment(games, own), expected, rtol=0, atol=1e-6)


def test_cycles_are_all_simple_cycles() -> None:
    assert len(CYCLES) == 6 + 8 + 6
    length = torch.arange(TYPES * TYPES, dtype=torch.float64).reshape(1, TYPES, TYPES)
    for cycle, mean in zip(CYCLES, cycles(length)[0], strict=True):
        steps = [*cycle.tolist(), int(cycle[0])]
        assert float(mean) == pytest.approx(sum(float(length[0, a, b]) for a, b in pairwise(steps)) / len(cycle))


def test_a_cycle_of_known_length_is_found_by_all_three() -> None:
    """Every step costs 1 but those of one triangle, whose mean is -0.2, and its shortcut."""
    length = torch.ones(TYPES, TYPES, dtype=torch.float64)
    length[0, 1], length[1, 2], length[2, 0], length[0, 2] = 0.5, 0.5, -1.6, 2.0
    assert float(cycles(length[None]).min()) == pytest.approx(-0.2)
    assert least_gain(length) == pytest.approx(0.2)
    assert shortest_path_payments(length) is None
    length[2, 0] = -0.9
    paid = shortest_path_payments(length)
    assert paid is not None
    torch.testing.assert_close(paid, torch.tensor([0.0, 0.5, 1.0, 1.0], dtype=torch.float64), atol=1e-8, rtol=0)


def test_nothing_tried_and_nan_do_not_hold() -> None:
    for claim in ("<=", ">=", "<", ">"):
        assert not Worst(claim).measured("nothing", 0.0, 1.0).holds
        seen = Worst(claim)
        for value in (0.0, math.nan, 0.0):
            seen.see(torch.tensor([value]))
        assert not seen.measured("nan", 0.0, 1.0).holds
    assert not Measured("x", ">", 0.0, 0.0, 1).holds
    assert Measured("x", ">=", 0.0, 0.0, 1).holds


# The command

runner, app = CliRunner(), typer.Typer()
app.command("reproduce")(reproduce_command)
invoke = partial(runner.invoke, app)


def test_the_command_answers_the_contract() -> None:
    done = invoke(["theorems", "--only", "4.8", "--only", "B.1", "--games", "20", "--seed", "2", "--json"])
    assert done.exit_code == 0, done.output
    answer = json.loads(done.stdout)
    assert answer["name"] == "theorems"
    assert {cell["row"] for cell in answer["cells"]} == {"4.8", "B.1"}
    for cell in answer["cells"]:
        assert {"row", "column", "paper", "ours", "difference", "setting"} <= set(cell)
        assert cell["difference"] == cell["ours"] - cell["paper"]
        assert cell["setting"] == "stated"
        assert cell["matches"] is True


def test_the_table_says_what_holds() -> None:
    done = invoke(["theorems", "--only", "4.6", "--games", "12"])
    assert "1 of 1 claims of 1 theorems hold" in done.output


def test_a_theorem_that_fails_is_exit_code_one(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = replace(THEOREMS["4.12"], check=partial(THEOREMS["4.12"].check, constant=0.0))
    monkeypatch.setitem(THEOREMS, "4.12", broken)
    shown = invoke(["theorems", "--only", "4.12", "--games", "7"])
    assert shown.exit_code == 1
    assert "FAILS" in shown.output
    answered = invoke(["theorems", "--only", "4.12", "--games", "7", "--json"])
    assert answered.exit_code == 1
    assert json.loads(answered.stdout)["cells"][0]["ours"] is None  # infinite, which JSON cannot say


def test_what_can_be_reproduced_is_listed() -> None:
    assert "theorems" in invoke([]).output
    assert [row["name"] for row in json.loads(invoke(["--json"]).stdout)] == list(REPRODUCTIONS)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["theorem"], "did you mean 'theorems'"), (["theorems", "--only", "4.14"], "no theorem '4.14'; did you mean")],
)
def test_unknown_names_are_one_sentence(arguments: list[str], said: str) -> None:
    error = invoke(arguments).exception
    assert isinstance(error, BadInput)
    assert said in str(error)
