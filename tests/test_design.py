"""Learned mechanisms: what they promise by construction, and what they gain where nobody has looked."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.learned import FEATURES, features
from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.training_rules import TRAINING_RULES
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import EVERYONE, Valuation
from simulate.design import OBJECTIVES
from simulate.design.affine import AffineMaximizer
from simulate.design.ascent import ascend
from simulate.design.design import design
from simulate.design.games import drawn_games
from simulate.design.ledger import ratio
from simulate.design.lies import ex_post_regret, random_lies
from simulate.design.written import plain, write_scenario
from simulate.errors import BadInput
from simulate.load import load
from simulate.scenario import build
from tests.games import Game, games
from tests.games import random_lies as lies_in
from tests.test_cli import trueward

SMALL = {"reference": {"random": {"responses": 4}}}


def rule(divergence: str, beta: float) -> SocialWelfare:
    return Recipe(divergence=divergence, beta=beta).build().train


def member(game: Game, divergence: str, seed: int, shift: float = 0.0) -> AffineMaximizer:
    rng = torch.Generator().manual_seed(seed)
    n = game.truth.weights.shape[-1]
    logs = torch.randn(n, generator=rng, dtype=torch.float64) + shift
    boosts = torch.rand(game.reference.policy.shape, generator=rng, dtype=torch.float64)
    return AffineMaximizer(rule(divergence, game.beta), logs, boosts * torch.tensor(shift).exp())


@settings(deadline=None, max_examples=40)
@given(games(), st.sampled_from(["kl", "chi_squared"]), st.integers(0, 99))
def test_member_is_the_affine_maximizer_that_its_recipe_says(game: Game, divergence: str, seed: int) -> None:
    """Scale of influence and boosts = inverse scale of beta; the search's formula = the core's own rule."""
    searched = member(game, divergence, seed)
    spec = searched.recipe(game.reference)
    influence, boosts = (torch.tensor(spec["training"][key], dtype=torch.float64) for key in ("influence", "boosts"))
    assert influence.mean().item() == pytest.approx(1, abs=1e-12)
    train = SocialWelfare(rule(divergence, spec["beta"]).fine_tuner, influence, boosts)
    outcome = Mechanism(train, affine_maximizer)(game.reference, game.truth)
    ours = searched(game.reference, game.truth)
    assert torch.allclose(ours.policy, outcome.policy, atol=1e-8)
    scale = game.truth.weights.max().item() / influence.min().item() + 1
    assert torch.allclose(ours.payments, outcome.payments, atol=1e-8 * scale)


@settings(deadline=None, max_examples=30)
@given(games(), st.integers(0, 99))
def test_scale_of_the_parameters_is_an_inverse_beta(game: Game, seed: int) -> None:
    scaled = member(game, "kl", seed, shift=1.0)
    plain_ = replace(member(game, "kl", seed), train=rule("kl", game.beta / math.e))
    one, two = scaled(game.reference, game.truth), plain_(game.reference, game.truth)
    assert torch.allclose(one.policy, two.policy, atol=1e-9)
    assert torch.allclose(one.payments, two.payments, atol=1e-7)


def test_gradients_are_those_of_finite_differences() -> None:
    drawn = drawn_games(load("unequal_agents", SMALL), 4, "test")
    on = drawn.learning
    logs = (0.1 * torch.arange(3, dtype=torch.float64)).requires_grad_()
    boosts = (0.2 * torch.arange(4, dtype=torch.float64))[None].requires_grad_()

    def profit(logs: torch.Tensor, boosts: torch.Tensor) -> torch.Tensor:
        return OBJECTIVES["profit"](drawn.books(AffineMaximizer(drawn.yardstick, logs, boosts), on))

    assert torch.autograd.gradcheck(profit, (logs, boosts))


def test_ascent_finds_the_constrained_maximum() -> None:
    """max -|x - (2, 0)|^2 with x_1 + x_2 <= 1 is at (1.5, -0.5); infeasible: the least shortfall is kept."""
    x = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    target = torch.tensor([2.0, 0.0], dtype=torch.float64)

    def bounded() -> tuple[torch.Tensor, torch.Tensor]:
        return -((x - target) ** 2).sum(), (x.sum() - 1)[None]

    (found,) = ascend([x], bounded, bounded, 400, 0.05)
    assert found.tolist() == pytest.approx([1.5, -0.5], abs=0.02)
    assert found.sum() <= 1

    def impossible() -> tuple[torch.Tensor, torch.Tensor]:
        return x.sum() * 0, (1 + (x**2).sum())[None]

    (found,) = ascend([x], impossible, impossible, 200, 0.05)
    assert found.abs().max() < 0.05


def test_design_earns_more_on_games_it_has_not_seen_and_stays_truthful(tmp_path: Path) -> None:
    drawn = drawn_games(load("unequal_agents"), 128, "test")
    made = design(drawn, "profit", floor=0.95, steps=80)
    profit, welfare = ratio(made.after.profit, made.before.profit), ratio(made.after.welfare, made.before.welfare)
    assert profit.mean > 4
    assert 0.95 < welfare.low < welfare.high < 1
    assert made.regret_after.max() <= 1e-9
    path = write_scenario(tmp_path / "made.toml", made.config)
    again = build(load(path), "again", drawn.held_out.replicates)
    assert torch.equal(again.truth.rewards, drawn.held_out.truth.rewards)
    books = drawn.books(again.mechanism, again)
    assert torch.allclose(books.profit, made.after.profit, atol=1e-12)
    assert "incentive_compatible" in again.mechanism.claims
    for suffix in (".yaml", ".json"):
        assert plain(load(write_scenario(tmp_path / f"made{suffix}", made.config))) == plain(made.config)


def test_same_seed_same_design() -> None:
    one, two = (design(drawn_games(load("unequal_agents", SMALL), 8, "test"), steps=5).config for _ in range(2))
    assert one == two
    other = drawn_games(load("unequal_agents", {**SMALL, "seed": 1}), 8, "test")
    assert design(other, steps=5).config.mechanism != one.mechanism


def test_no_affine_maximizer_has_more_welfare_than_vcg() -> None:
    made = design(drawn_games(load("unequal_agents", SMALL), 16, "test"), "welfare", steps=20)
    assert made.after.welfare.mean() == pytest.approx(made.before.welfare.mean().item(), rel=1e-4)
    assert bool((made.after.welfare <= made.before.welfare + 1e-12).all())


def network(seed: int, units: int = 3) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(seed)
    hidden = torch.randn(units, FEATURES + 1, generator=rng, dtype=torch.float64)
    return {"hidden": hidden, "output": torch.randn(units + 1, generator=rng, dtype=torch.float64)}


def charged(game: Game, training: str, seed: int) -> Mechanism:
    options = {key: value.tolist() for key, value in network(seed).items()}
    return Recipe(training, beta=game.beta, payment={"name": "learned", **options}).build()


@settings(deadline=None, max_examples=40)
@given(games(), st.sampled_from(["egalitarian", "generalized_mean", "social_welfare"]), st.integers(0, 99))
def test_learned_payments_lie_between_nothing_and_the_reported_value(game: Game, training: str, seed: int) -> None:
    mechanism = charged(game, training, seed)
    outcome = mechanism(game.reference, game.truth)
    value = utility(game.reference, game.truth, outcome) + outcome.payments
    assert bool((outcome.payments >= 0).all())
    assert bool((outcome.payments <= value + 1e-12).all())


@settings(deadline=None, max_examples=25)
@given(games(), st.sampled_from(["generalized_mean", "social_welfare"]), st.integers(0, 99))
def test_learned_payment_of_a_lie_is_that_of_the_profile_that_holds_it(game: Game, training: str, seed: int) -> None:
    """Batching equals looping, for lies; absent agents and the order of the others change nothing."""
    mechanism, truth = charged(game, training, seed), game.truth
    lies = lies_in(game, 2)
    lying = deviation_utilities(mechanism, game.reference, truth, truth, EVERYONE, lies)
    n = truth.weights.shape[-1]
    for i in range(n):
        rewards, weights = truth.rewards.clone(), truth.weights.clone()
        rewards[i], weights[i] = lies.rewards[1, i], lies.weights[1, i]
        alone = utility(game.reference, truth, mechanism(game.reference, Valuation(rewards, weights)))[i]
        assert lying[1, i].item() == pytest.approx(alone.item(), abs=1e-9)
    payments = mechanism(game.reference, truth).payments
    order = torch.arange(n).flip(0)
    turned = mechanism(game.reference, Valuation(truth.rewards[order], truth.weights[order])).payments
    assert torch.allclose(turned, payments[order], atol=1e-9)
    nobody = Valuation(
        torch.cat([truth.rewards, torch.rand_like(truth.rewards[:1])]), torch.cat([truth.weights, torch.zeros(1)])
    )
    assert torch.allclose(mechanism(game.reference, nobody).payments[:-1], payments, atol=1e-9)


def test_features_by_hand() -> None:
    """Two agents who want opposite things of two responses: every policy is a logistic function."""
    reference = Reference.of(torch.full((1, 2), 0.5, dtype=torch.float64))
    truth = Valuation(torch.eye(2, dtype=torch.float64)[:, None], torch.tensor([3.0, 1.0], dtype=torch.float64))
    train = rule("kl", 2.0)
    policy = train(reference, truth)
    p = 1 / (1 + math.exp(-1.0))  # weights 3 - 1 = 2 over beta 2
    alone = 1 / (1 + math.exp(-0.5))  # agent 2 without agent 1
    kl = train.divergence(reference, policy).item()
    expected = [p, 0.5, 0.5, 1, 0, 0.75, 1 - p, alone, 0.5, kl]
    assert features(train, reference, truth, policy)[0].tolist() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("training", ["generalized_mean", "nash_welfare"])
def test_learned_payment_lowers_regret_on_games_it_has_not_seen(training: str) -> None:
    assert training in TRAINING_RULES
    config = load("unequal_agents", {**SMALL, "mechanism.training": training})
    made = design(drawn_games(config, 32, "test"), "revenue", "learned", steps=100)
    assert made.regret_after.mean() < 0.5 * made.regret_before.mean()
    assert made.after.revenue.mean() > made.before.revenue.mean() == 0
    assert torch.equal(made.after.welfare, made.before.welfare)
    assert build(load(plain(made.config))).mechanism.claims.isdisjoint({"incentive_compatible"})


def test_search_for_lies_finds_a_known_regret() -> None:
    """Nothing paid: to ask for the favourite alone, with the largest weight, gains nearly as much as can be gained."""
    config = load("unequal_agents", {**SMALL, "mechanism.payment": "zero"})
    on = build(config, "test", range(8))
    rng = torch.Generator().manual_seed(0)
    found = ex_post_regret(on.mechanism, on.reference, on.truth, on.messages, 256, 3, rng)
    best = on.truth.payers()
    honest = utility(on.reference, on.truth, on.mechanism(on.reference, on.truth)).movedim(-1, 0)
    top = best.rewards == best.rewards.amax(-1, keepdim=True)
    polarised = Valuation(top[None].double(), torch.full((1, *best.weights.shape), 10.0, dtype=torch.float64))
    gain = deviation_utilities(on.mechanism, on.reference, on.truth, on.truth, EVERYONE, polarised) - honest
    assert bool((found.movedim(-1, 0) >= 0.95 * gain[0]).all())
    lies = random_lies(on.truth, on.messages, 16, rng)
    flat = Valuation(lies.rewards.flatten(0, 2), lies.weights.flatten())
    assert on.messages.violation(flat).max() <= 1e-12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"objective": "wellfare"}, "no objective 'wellfare'; did you mean 'welfare'"),
        ({"payment": "lerned"}, "no payment 'lerned'; did you mean 'learned'"),
        ({"floor": 0.0}, "--welfare-floor is 0; allowed is above 0, at most 1"),
        ({"floor": 1.5}, "--welfare-floor is 1.5"),
        ({"floor": float("nan")}, "--welfare-floor is nan"),
    ],
)
def test_bad_input(arguments: dict[str, object], message: str) -> None:
    drawn = drawn_games(load("unequal_agents", SMALL), 2, "test")
    with pytest.raises(BadInput, match=message):
        design(drawn, **arguments)


def test_bad_scenarios() -> None:
    menu = {"mechanism.fine_tuner": {"name": "menu", "policies": [[[0.25, 0.25, 0.25, 0.25]]]}}
    with pytest.raises(BadInput, match="a design needs 'exact'"):
        drawn_games(load("unequal_agents", {**SMALL, **menu}), 2, "test")
    with pytest.raises(ValueError, match=r"payment: hidden has the shape \(1, 2\)"):
        build(load("unequal_agents", {"mechanism.payment": {"name": "learned", "hidden": [[1, 2]], "output": [0, 0]}}))
    negative = {f"agents.{i}.rewards": {"random": {"low": -1, "high": -0.5}} for i in range(3)}
    with pytest.raises(BadInput, match="must be above 0"):
        design(drawn_games(load("unequal_agents", {**negative, "messages.rewards": "free"}), 2, "test"))


def test_games_that_are_all_the_same_are_one() -> None:
    drawn = drawn_games(load("two_camps"), None, "test")
    assert len(drawn.learning.replicates) == 1
    assert not design(drawn, steps=2).games_differ


def test_command(tmp_path: Path) -> None:
    out, folder = tmp_path / "made.toml", tmp_path / "frontier"
    asked = ["design", "unequal_agents", "--games", "64", "--steps", "30", "--out", str(out), "--set"]
    asked += ["reference.random.responses=4", "--frontier", str(folder), "--json"]
    done = trueward(*asked)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert answer["regret"]["after"]["worst"] <= 1e-9
    assert answer["after"]["profit"]["mean"] > answer["before"]["profit"]["mean"]
    solved = json.loads(trueward("solve", str(out), "--json").stdout)
    assert solved["revenue"] > 0
    rows = pd.read_csv(folder / "frontier.csv")
    assert set(rows["family"]) == {"vcg", "learned", "vcg at a larger beta"}
    assert (folder / "frontier.svg").read_bytes().startswith(b"<?xml")
    again = trueward(*asked)
    assert (again.returncode, "exists" in again.stderr) == (2, True)
    bad = trueward("design", "unequal_agents", "--out", "made.txt")
    assert bad.returncode == 2
    assert "allowed are .toml" in bad.stderr
    shown = trueward("design", "two_camps", "--steps", "2")
    assert "[mechanism.training]" in shown.stdout
    assert "every game of this scenario is the same" in shown.stdout
