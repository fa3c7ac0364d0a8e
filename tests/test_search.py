"""The search for lies is honest: it finds what brute force finds, and what is hidden where nobody would look."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from scipy.optimize import minimize
from scipy.special import lambertw, softmax
from torch import Tensor

from mechanisms import AXIOMS, MECHANISMS, MESSAGES, Recipe
from mechanisms.axioms.base import Effort, Games
from mechanisms.axioms.shared_lies import best_shared_lie, factorises, random_messages
from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.messages.base import MessageSpace
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Valuation
from simulate.audit.audit import audit, trial
from simulate.audit.misreports import misreports
from simulate.load import load
from simulate.scenario import Scenario, build
from tests.games import Game, games, one_game, random_lies

ENOUGH = 0.99  # of what brute force gains


def drawn(space: str, seed: int, max_weight: float, agents: int = 2, responses: int = 3, count: int = 1) -> Games:
    """Games with weights 1 and the misreports an audit begins with."""
    rng = torch.Generator().manual_seed(seed)
    policy = torch.rand(1, responses, generator=rng, dtype=torch.float64) + 0.1
    messages = MessageSpace(space, MESSAGES[space], policy > 0, max_weight)
    rewards = torch.rand(count, agents, 1, responses, generator=rng, dtype=torch.float64)
    truth = messages.project(Valuation(rewards, torch.ones(count, agents, dtype=torch.float64)))
    reference = Reference.of(policy / policy.sum())
    return Games(reference, truth, messages, misreports(truth, messages, 160, rng), seed)


class Unpaid:
    """Agent 0's utility from a lie, worked out in numpy: nothing charged, or what was reported."""

    def __init__(self, games: Games, beta: float, charged: bool) -> None:
        self.log, self.beta, self.charged = games.reference.log[0].numpy(), beta, charged
        self.own, self.other = games.truth.rewards[0, :, 0].numpy()

    def __call__(self, rewards: np.ndarray, weight: np.ndarray) -> np.ndarray:
        told = weight[..., None] * rewards
        policy = softmax(self.log + (told + self.other) / self.beta, -1)
        return (policy * (self.own - told * self.charged)).sum(-1)

    def gain(self, rewards: np.ndarray, weight: np.ndarray) -> np.ndarray:
        return self(rewards, weight) - self(self.own, np.array(1.0))


def brute_force(worth: Unpaid, games: Games) -> float:
    """The best gain on a grid of reports and weights, polished by Nelder and Mead."""
    steps = np.linspace(0, 1, 25)
    cube = torch.tensor(list(itertools.product(steps, repeat=3)), dtype=torch.float64)
    top = min(games.messages.max_weight, 10.0)
    weights = np.concatenate([np.geomspace(1e-3, top, 40), [1.0]])

    def message(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        rewards = games.messages.normalise(torch.from_numpy(raw[..., None, :3]), games.messages.support)
        return rewards.numpy()[..., 0, :], np.clip(raw[..., 3], 0, top)

    grid = np.concatenate([np.repeat(cube.numpy(), len(weights), 0), np.tile(weights, len(cube))[:, None]], -1)
    gains = worth.gain(*message(grid))
    starts = grid[np.argsort(gains)[-3:]]
    polished = [-minimize(lambda raw: -float(worth.gain(*message(raw))), x, method="Nelder-Mead").fun for x in starts]
    return max(float(gains.max()), *polished)


@pytest.mark.parametrize("max_weight", [1.0, 5.0])
@pytest.mark.parametrize("space", MESSAGES)
@pytest.mark.parametrize("name", ["no_payment", "pay_as_reported"])
def test_it_finds_what_brute_force_finds(name: str, space: str, max_weight: float) -> None:
    if space == "free":
        return  # unbounded: there is no best lie to find
    mechanism = MECHANISMS[name].but(beta=0.3).build()
    for seed in range(3):
        games = drawn(space, seed, max_weight)
        best = brute_force(Unpaid(games, 0.3, name == "pay_as_reported"), games)
        found = AXIOMS["incentive_compatible"](mechanism, games).violation[0, 0].item()
        assert found >= ENOUGH * best - 1e-9, seed


@pytest.mark.parametrize("name", ["copeland", "maximal_lottery"])
def test_it_finds_what_trying_all_orders_finds(name: str) -> None:
    """Every weak order of three responses, at 200 weights."""
    mechanism = MECHANISMS[name].but(beta=0.3).build()
    orders = torch.tensor(sorted(set(itertools.product([0.0, 0.5, 1.0], repeat=3))), dtype=torch.float64)
    levels = torch.cat([torch.linspace(1e-6, 3, 200, dtype=torch.float64), torch.ones(1, dtype=torch.float64)])
    for seed in range(5):
        games = drawn("unit_box", seed, 3.0, agents=3)
        truth, count = games.truth, len(orders) * len(levels)
        rewards = truth.rewards.expand(count, -1, -1, -1).clone()
        rewards[:, 0, 0] = orders.repeat_interleave(len(levels), 0)
        weights = truth.weights.expand(count, -1).clone()
        weights[:, 0] = levels.repeat(len(orders))
        honest = utility(games.reference, truth, mechanism(games.reference, truth))[0, 0]
        outcome = mechanism(games.reference, Valuation(rewards, weights))
        best = float((utility(games.reference, truth, outcome)[:, 0] - honest).max())
        found = AXIOMS["incentive_compatible"](mechanism, games).violation[0, 0].item()
        assert found >= ENOUGH * best - 1e-9, seed


@pytest.mark.parametrize("weight", [0.5, 1.0, 3.0])
def test_alone_and_charged_as_reported_the_best_lie_is_a_lambert_function(weight: float) -> None:
    """u(b) = (w - b) x, x = 1 / (1 + exp(-b / beta)): at the optimum beta W(exp(w / beta - 1)), where that b >= 0.

    From (w - b)(1 - x) = beta with s = (w - b) / beta: (s - 1) e^(s - 1) = e^(w / beta - 1), u = beta (s - 1).
    """
    beta = 0.2
    games = one_game([0.5, 0.5], [[1, 0]], [weight])
    expected = beta * float(lambertw(math.exp(weight / beta - 1)).real)
    found = AXIOMS["incentive_compatible"](Recipe(beta=beta, payment="pay_as_reported").build(), games).violation
    assert found.item() == pytest.approx(expected, rel=1e-4)
    assert found.item() <= expected * (1 + 1e-12)


# K = 2: only the difference d of an agent's two worths counts, for the policy and for its bill.


def differences(most: float = 10.0, count: int = 801) -> np.ndarray:
    return np.linspace(-most, most, count)


def share(d: np.ndarray) -> np.ndarray:
    """The first response's probability on a uniform reference, beta 1."""
    return 1 / (1 + np.exp(-d))


def vcg_bill(own: np.ndarray, total: np.ndarray) -> np.ndarray:
    """Largest objective without i, less the objective without i at the policy, beta 1; worths (d, 0)."""
    x = share(total)
    entropy = x * np.log(2 * x) + (1 - x) * np.log(2 * (1 - x))
    rest = total - own
    return np.log((1 + np.exp(rest)) / 2) - (rest * x - entropy)


def test_two_colluders_against_a_grid() -> None:
    """Two agents who want opposite things at weight 1, messages up to weight 10."""
    games = one_game([0.5, 0.5], [[1, 0.2], [0.3, 0.9]], [1, 1])
    true = np.array([0.8, -0.6])
    one, two = np.meshgrid(differences(), differences(), indexing="ij")

    def together(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return true.sum() * share(a + b) - vcg_bill(a, a + b) - vcg_bill(b, a + b)

    best = float((together(one, two) - together(*true)).max())
    assert best > 0.05
    found = AXIOMS["collusion_proof"](MECHANISMS["vcg"].build(), games).violation.item()
    assert ENOUGH * best <= found <= best + 1e-3  # finer than the grid


def test_two_names_against_a_grid() -> None:
    games = one_game([0.5, 0.5], [[1, 0], [0, 1]], [1, 2])
    one, two = np.meshgrid(differences(), differences(), indexing="ij")

    def mine(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        total = a + b - 2
        return share(total) - vcg_bill(a, total) - vcg_bill(b, total)

    best = float((mine(one, two) - mine(np.array(1.0), np.array(0.0))).max())
    assert best > 0.05
    found = AXIOMS["false_name_proof"](MECHANISMS["vcg"].build(), games).violation[0, 0].item()
    assert ENOUGH * best <= found <= best + 1e-3


def test_interim_regret_against_a_grid() -> None:
    """Nothing charged: the mean over the prior's draws of what d = 0.4 gains by posing as another difference."""
    games = one_game([0.5, 0.5], [[0.7, 0.3], [0, 1]], [1, 1])
    mechanism = MECHANISMS["no_payment"].build()
    strangers = mechanism.prior.strangers(games.reference, 1).rewards[:, 0, 0].numpy()
    others = strangers[:, 0] - strangers[:, 1]
    mean = share(differences()[:, None] + others).mean(1) - share(0.4 + others).mean()
    best = float((0.4 * mean).max())
    found = AXIOMS["bayes_incentive_compatible"](mechanism, games).violation[0, 0].item()
    assert found == pytest.approx(best, rel=1e-3)


CENTRE = torch.tensor([0.37, 0.81, 0.55], dtype=torch.float64)


def planted(discount):
    """VCG with a discount for those who say something in particular."""

    def pay(train, reference, reports, policy):
        off = (reports.payers().rewards - CENTRE).squeeze(-2)
        return affine_maximizer(train, reference, reports, policy) - reports.bills(discount(off))

    return pay


def bump(off: Tensor) -> Tensor:
    return torch.exp(-off.square().sum(-1) / (2 * 0.03**2))


def box(off: Tensor) -> Tensor:
    return (off.abs().amax(-1) <= 0.025).to(off)


def market(seed: int) -> Scenario:
    agents = [{"name": name, "rewards": {"random": {}}, "weight": w} for name, w in (("a", 1.0), ("b", 2.0))]
    game = {"name": "m", "reference": [0.3, 0.3, 0.4], "agents": agents, "mechanism": "vcg", "replicates": 4}
    return build(load({**game, "messages": {"rewards": "unit_box", "max_weight": 5.0}, "seed": seed}))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("discount", [bump, box])
def test_an_audit_finds_a_discount_hidden_in_a_corner_of_the_box(discount, seed: int) -> None:
    """A thousandth of the messages pay: a bump 0.03 wide, a box 0.05 wide.  The best that can be gained is known."""
    plain = market(seed)
    scenario = replace(plain, mechanism=Mechanism(plain.mechanism.train, planted(discount), plain.mechanism.claims))
    (verdict,) = audit(scenario, ["incentive_compatible"], seed=seed)
    assert not verdict.holds
    # what the discount alone pays is 1, less what it costs to tell the lie and less the discount of the truth itself
    assert verdict.violation >= ENOUGH * ceiling(scenario, discount, seed)


def ceiling(scenario: Scenario, discount, seed: int) -> float:
    """The best gain of any agent in any of the audit's games, on a fine grid round the discount and over weights."""
    games = trial(scenario, None, None, seed)
    steps = torch.linspace(-0.025, 0.025, 9, dtype=torch.float64)
    lies = CENTRE + torch.cartesian_prod(steps, steps, steps)
    weights = torch.linspace(0.05, 5, 100, dtype=torch.float64)
    told = Valuation(
        lies.repeat_interleave(len(weights), 0)[:, None, None, None].expand(-1, *games.lies.rewards.shape[1:]),
        weights.repeat(len(lies))[:, None, None].expand(-1, *games.lies.weights.shape[1:]),
    )
    still = Effort(fresh=0, steps=0, jumps=0)
    grid = Games(games.reference, games.truth, games.messages, told, 0, still)
    return AXIOMS["incentive_compatible"](scenario.mechanism, grid).violation.max().item()


def test_an_undertrained_model_leaves_regret_up_to_its_gap_and_no_more() -> None:
    mechanism = Recipe(fine_tuner={"name": "mirror", "steps": 2}, beta=0.3).build()
    games = drawn("unit_box", 3, 5.0, agents=3, count=12)
    violation = AXIOMS["incentive_compatible"](mechanism, games).violation
    gap = mechanism.train.gap(games.reference, games.truth)[:, None]
    assert violation.max() <= 1e-9
    assert (violation + gap).max() > 1e-3  # regret itself


@pytest.mark.parametrize("payment", ["affine_maximizer", "zero"])
@given(game=games(max_prompts=2, spread=10.0))
def test_shared_lies_are_worth_what_they_are_worth_one_by_one(payment: str, game: Game) -> None:
    """The factorised utilities against the mechanism's own, lie by lie; the reference may have padding."""
    mechanism = Recipe(payment=payment, beta=0.3 + game.beta).build()  # exponents stay below 600
    truth = Valuation(game.truth.rewards[None], game.truth.weights[None])
    messages = MessageSpace("free", MESSAGES["free"], game.reference.policy > 0)
    tried = random_lies(game, 30)
    asked = Games(game.reference, truth, messages, Valuation(tried.rewards[:, :, None], tried.weights[:, :, None]))
    lies = random_messages(asked, 300)
    found = best_shared_lie(mechanism, asked, lies)
    assert found is not None
    n = len(game.truth.weights)
    told = Valuation(lies.rewards[:, None, None].expand(-1, n, 1, -1, -1), lies.weights[:, None, None].expand(-1, n, 1))
    each = deviation_utilities(mechanism, game.reference, truth, truth, EVERYONE, told)
    assert torch.allclose(found[0], each.amax(0), atol=1e-10)
    assert torch.allclose(each.gather(0, found[1][None])[0], each.amax(0), atol=1e-10)
    assert best_shared_lie(Recipe(payment=payment, beta=1e-3).build(), asked, lies) is None  # and here they do not
    assert factorises(mechanism)
    assert not factorises(Recipe(divergence="chi_squared").build())
