"""Claims and axioms: what is claimed holds on every message space, and what is not claimed has a witness."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cvxpy
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from mechanisms import AXIOMS, MECHANISMS, Recipe
from mechanisms.axioms.base import Finding, Games
from mechanisms.base import Mechanism
from mechanisms.payments.zero import zero
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.audit.audit import Verdict, audit
from simulate.audit.counterexamples import COUNTEREXAMPLES
from simulate.audit.matrix import counterexample
from simulate.load import load
from simulate.scenario import Scenario, build
from tests.games import SPACES, Asked, asked, one_game

# Utilities up to 30 through solves good to 1e-10, concave welfares to a duality gap of 1e-9; units of the largest w r.
ROUNDING = 1e-8
COSTLY = ("cavallo", "agv", "sink")  # each bill takes dozens of fine-tunes

AT_TRUTH = ("individually_rational", "participation", "no_deficit", "budget_balanced", "efficient", "anonymous")

# Pairs that the random scenario does not refute, and a game by hand that does.
THIRDS = [1 / 3] * 3
BY_HAND = COUNTEREXAMPLES
UNDECIDED: dict[tuple[str, str], str] = {}  # neither proved nor refuted, and why


def scenario(mechanism: object, responses: int = 5, beta: float = 0.3, **keys: object) -> Scenario:
    agents = [{"name": n, "rewards": {"random": {}}, "weight": w} for n, w in (("a", 1.0), ("b", 2.0), ("c", 1.5))]
    game = {
        "name": "random",
        "reference": {"random": {"responses": responses, "concentration": 2.0}},
        "agents": agents,
        "messages": {"rewards": "unit_box", "max_weight": 10.0},
        "mechanism": mechanism,
        "replicates": 4,
        **keys,
    }
    return build(load(game, {"mechanism.beta": beta}))


def few_strangers(game: Scenario) -> Scenario:
    """A lie that pays against 8 draws of the others is as good a witness as one against 32."""
    return replace(game, mechanism=replace(game.mechanism, prior=replace(game.mechanism.prior, samples=8)))


def unclaimed(name: str) -> list[str]:
    return [axiom for axiom in AXIOMS if axiom not in MECHANISMS[name].claims and (name, axiom) not in BY_HAND]


def scale(truth: Valuation) -> float:
    return max(1.0, float((truth.weights[..., None, None] * truth.rewards).abs().max()))


def found(name: str, axiom: str, beta: float, games: Games) -> Finding:
    return AXIOMS[axiom](MECHANISMS[name].but(beta=beta).build(), games)


def claims_hold(name: str, space: str, examples: int) -> None:
    @settings(max_examples=examples)
    @given(asked(space, min_agents=2 if name == "agv" else 1))  # agv's claim is for two or more
    def check(case: Asked) -> None:
        mechanism = MECHANISMS[name].but(beta=case.beta).build()
        for axiom in mechanism.claims:
            assert AXIOMS[axiom](mechanism, case.games).violation.max() <= ROUNDING * scale(case.truth), axiom

    check()


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", MECHANISMS)
def test_every_claim_holds(name: str, space: str) -> None:
    claims_hold(name, space, 1 if name in COSTLY else 3)


@pytest.mark.slow
@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("name", MECHANISMS)
def test_every_claim_holds_on_many_games(name: str, space: str) -> None:
    claims_hold(name, space, 40)


# Over all policies leximin is egalitarian, and its searches would be the same ones.
# What a repeated mechanism does not claim is about its later rounds, and an audit plays one.
SINGLE = [name for name, recipe in MECHANISMS.items() if recipe.repeated is None]
TWINS = [pytest.param(name, marks=pytest.mark.slow) if name == "leximin" else name for name in SINGLE]


@pytest.mark.parametrize("name", TWINS)
def test_every_axiom_not_claimed_has_a_witness(name: str) -> None:
    iterative = getattr(MECHANISMS[name].build().train, "iterative", False)
    slow = name in ("agv", "cavallo", "egalitarian", "leximin")
    random = few_strangers(scenario(name, **({"responses": 3, "replicates": 1} if slow else {})))
    searched = [axiom for axiom in unclaimed(name) if axiom not in AT_TRUTH]
    verdicts = audit(random, [axiom for axiom in unclaimed(name) if axiom in AT_TRUTH], games=24)
    for verdict in [*verdicts, *audit(random, searched, *((1, 12) if slow else (4, 60) if iterative else (24, 60)))]:
        if (name, verdict.axiom) in UNDECIDED:
            assert verdict.holds, f"{name}, {verdict.axiom} is refuted: take it off the list"
        else:
            assert not verdict.holds, verdict.axiom
            assert verdict.witness is not None


@pytest.mark.slow
@pytest.mark.parametrize("name", SINGLE)
def test_an_audit_agrees_with_the_claims(name: str) -> None:
    for verdict in audit(scenario(name)):
        known = (name, verdict.axiom) in BY_HAND or (name, verdict.axiom) in UNDECIDED
        assert known or verdict.claimed == verdict.holds, verdict.axiom


def test_what_is_claimed_is_not_undecided() -> None:
    assert [pair for pair in UNDECIDED if pair[1] in MECHANISMS[pair[0]].claims] == []


@pytest.mark.parametrize(("name", "axiom"), BY_HAND)
def test_games_by_hand_refute_what_random_ones_do_not(name: str, axiom: str) -> None:
    (verdict,) = audit(build(counterexample(name, axiom)), [axiom], 1, 1)
    assert not verdict.claimed
    assert verdict.violation > 1e-3


REFUTED = {
    "median": Recipe("median", payment="zero"),
    "largest": Recipe({"name": "generalized_mean", "alpha": 5.0}, payment="zero"),
    "smallest": Recipe({"name": "generalized_mean", "alpha": -5.0}, payment="zero"),
    "egalitarian": Recipe("egalitarian", payment="zero"),
    "nash_welfare": Recipe("nash_welfare", payment="zero"),
    "softmax_borda": Recipe("softmax_borda", payment="zero"),
}
IMPLEMENTABLE = {
    "affine": Recipe({"name": "social_welfare", "influence": [1.0, 2.0, 0.5], "status_quo": 0.7}),
    "proportional_borda": Recipe("proportional_borda", payment="zero"),
}


def keys(recipe: Recipe) -> dict[str, object]:
    return {"training": recipe.training, "payment": recipe.payment}


def cycle_length(mechanism: Mechanism, reference: Reference, game: Games, agent: int, types: list[Valuation]) -> float:
    """sum over the cycle of t'.x(t') - t'.x(t), one plain call for every type."""
    profile = game.truth
    policies = []
    for told in types:
        rewards, weights = profile.rewards[0].clone(), profile.weights[0].clone()
        rewards[agent], weights[agent] = told.rewards, told.weights
        policies.append(mechanism(reference, Valuation(rewards, weights)).policy)
    length = 0.0
    for before, (own, told) in zip([*policies[-1:], *policies[:-1]], zip(policies, types, strict=True), strict=True):
        worth = (own - before) * told.rewards
        length += float(told.weights * (worth.sum(-1) * reference.prompt_weights).sum())
    return length


@pytest.mark.parametrize("name", REFUTED)
def test_a_violating_cycle_is_a_certificate(name: str) -> None:
    slow = name == "egalitarian"
    game = scenario(keys(REFUTED[name]), **({"responses": 3, "replicates": 1} if slow else {}))
    (verdict,) = audit(game, ["cyclically_monotone"], *((1, 12) if slow else (8, 60)))
    assert verdict.witness is not None
    shown = build(load(verdict.witness["game"]))
    agent = shown.names.index(verdict.witness["agent"])
    types = [
        Valuation(torch.tensor(t["rewards"], dtype=torch.float64), torch.tensor(t["weight"], dtype=torch.float64))
        for t in verdict.witness["types"]
    ]
    assert len(types) >= 2
    games = Games(shown.reference, shown.truth, shown.messages, shown.truth)
    assert cycle_length(shown.mechanism, shown.reference, games, agent, types) < -1e-6


@pytest.mark.parametrize("name", IMPLEMENTABLE)
def test_implementable_rules_have_no_negative_cycle(name: str) -> None:
    game = scenario(keys(IMPLEMENTABLE[name]))
    for verdict in audit(game, ["weakly_monotone", "cyclically_monotone", "loop_free", "incentive_compatible"]):
        assert verdict.claimed
        assert verdict.holds, verdict


def verdicts(mechanism: object, axioms: list[str], beta: float = 0.3) -> dict[str, Verdict]:
    return {verdict.axiom: verdict for verdict in audit(scenario(mechanism, beta=beta), axioms)}


def test_two_can_cheat_vcg_and_so_can_one_under_two_names() -> None:
    for verdict in verdicts("vcg", ["collusion_proof", "false_name_proof"]).values():
        assert verdict.violation > 0.1
        assert verdict.witness is not None
        assert len(verdict.witness["agents"]) == 2


def test_rebates_and_balance() -> None:
    assert not verdicts("bailey", ["no_deficit"], beta=0.05)["no_deficit"].holds
    agv = verdicts("agv", ["budget_balanced", "bayes_incentive_compatible", "incentive_compatible"])
    assert agv["budget_balanced"].violation <= 1e-12
    assert agv["bayes_incentive_compatible"].holds
    assert agv["incentive_compatible"].violation > 0.01
    assert verdicts("sink", ["budget_balanced"])["budget_balanced"].violation <= 1e-12


# Each axiom against a value that is worked out otherwise.

HALF = [0.5, 0.5]


def worst(axiom: str, recipe: Recipe, games: Games) -> list[float]:
    return AXIOMS[axiom](recipe.build(), games).violation[0].tolist()


def tilted(*exponents: float) -> np.ndarray:
    """The policy on a uniform reference, beta 1."""
    raw = np.exp(exponents)
    return raw / raw.sum()


def test_axioms_of_bills_by_hand() -> None:
    """Two agents, two responses, beta 1: the bills and utilities of pay-as-reported and of nothing."""
    game = one_game(HALF, [[1, 0], [0, 1]], [2, 1])
    first, second = tilted(2, 1)
    for payment, bills in (("zero", [0.0, 0.0]), ("pay_as_reported", [2 * first, second])):
        recipe = Recipe(payment=payment)
        utility = np.array([2 * first, second]) - bills
        assert worst("individually_rational", recipe, game) == pytest.approx(-utility, abs=1e-12)
        assert worst("no_deficit", recipe, game) == pytest.approx([-sum(bills)], abs=1e-12)
        assert worst("budget_balanced", recipe, game) == pytest.approx([sum(bills)], abs=1e-12)
        outside = np.array([2 * tilted(0, 1)[0], tilted(2, 0)[1]])
        assert worst("participation", recipe, game) == pytest.approx(outside - utility, abs=1e-12)


def test_anonymous_by_hand() -> None:
    """Twice the influence for the first: swapped, the policy is tilted by (1, 2) and not by (2, 1)."""
    recipe = Recipe({"name": "social_welfare", "influence": [2.0, 1.0]}, payment="zero")
    game = one_game(HALF, [[1, 0], [0, 1]], [1, 1])
    assert worst("anonymous", recipe, game) == pytest.approx([tilted(2, 1)[0] - tilted(1, 2)[0]])


def test_efficient_against_a_convex_programme() -> None:
    q, rewards, weights = [0.2, 0.5, 0.3], [[0.9, 0.1, 0.4], [0.2, 0.8, 0.3]], [1.0, 2.0]
    game = one_game(q, rewards, weights)
    total = np.array(weights) @ np.array(rewards)
    policy = cvxpy.Variable(3)
    objective = total @ policy - 0.5 * cvxpy.sum(cvxpy.rel_entr(policy, np.array(q)))
    best = cvxpy.Problem(cvxpy.Maximize(objective), [cvxpy.sum(policy) == 1]).solve()
    recipe = Recipe("median", beta=0.5, payment="zero")
    train = recipe.build().train
    reached = train(game.reference, game.truth)[0, 0].numpy()
    attained = total @ reached - 0.5 * (reached * np.log(reached / q)).sum()
    assert worst("efficient", recipe, game) == pytest.approx([best - attained], abs=1e-6)
    assert best - attained > 0.01


def steered(game: Games, lies: list[list[float]], weights: list[float]) -> Games:
    """The same game with exactly these misreports of the first agent; the others tell the truth."""
    own = game.truth.payers()
    told, counts = own.rewards.expand(len(lies), *own.rewards.shape).clone(), own.weights.expand(len(lies), -1, -1)
    told[:, 0, 0, 0], counts = torch.tensor(lies, dtype=torch.float64), counts.clone()
    counts[:, 0, 0] = torch.tensor(weights, dtype=torch.float64)
    return Games(game.reference, game.truth, game.messages, Valuation(told, counts), game.seed, game.effort)


def test_monotonicity_by_hand() -> None:
    """Softmax Borda, one agent, uniform reference, beta 1: x = softmax(weight * rank), ranks from 0 to 1, ties halved.

    To swap two responses at the same weight moves the policy the right way.  A larger weight behind a flatter reward
    does not: (1, 0, 0) and 2 x (0.4, 0.39, 0) differ by (-0.2, 0.78, 0), and the policy moves to the first response.
    """
    recipe, game = Recipe("softmax_borda", payment="zero"), one_game(THIRDS, [[1, 0, 0]], [1])
    move = tilted(2, 1, 0) - tilted(1, 0.25, 0.25)
    two_way = -move @ np.array([-0.2, 0.78, 0])
    assert two_way > 0.01
    lies = steered(game, [[0.4, 0.39, 0]] * 3, [2] * 3)
    assert worst("weakly_monotone", recipe, lies) == pytest.approx([two_way])
    swapped = steered(one_game(THIRDS, [[0.6, 0.5, 0]], [1]), [[0.5, 0.6, 0]] * 3, [1] * 3)
    assert worst("weakly_monotone", recipe, swapped) == pytest.approx([0], abs=1e-12)


@dataclass(frozen=True)
class Turning:
    """policy = 1/3 + A t, A antisymmetric: it turns with the type, so it is weakly monotone and no gradient."""

    a = torch.tensor([[0.0, 0.1, -0.1], [-0.1, 0.0, 0.1], [0.1, -0.1, 0.0]], dtype=torch.float64)

    def __call__(self, reference, reports):
        return 1 / 3 + reports.total @ self.a.T


def test_loops_and_cycles_by_hand() -> None:
    """Of a linear field the integral round a triangle is (A a).b + (A b).c + (A c).a, at any number of steps."""
    a, b, c = np.array([[1, 0, 0], [0, 1, 0], [0, 0.2, 1]])
    turn = Turning.a.numpy()
    integral = abs((turn @ a) @ b + (turn @ b) @ c + (turn @ c) @ a)
    assert integral > 0.05
    game = steered(one_game(THIRDS, [a.tolist()], [1]), [a.tolist(), b.tolist(), c.tolist()] * 8, [1] * 24)
    mechanism = Mechanism(Turning(), zero)
    for axiom in ("loop_free", "cyclically_monotone"):
        assert AXIOMS[axiom](mechanism, game).violation.tolist() == [[pytest.approx(integral)]], axiom
    assert AXIOMS["weakly_monotone"](mechanism, game).violation.tolist() == [[pytest.approx(0, abs=1e-12)]]


def test_payment_equivalence_by_quadrature() -> None:
    """From (1, 0) to (0.2, 0) a truthful payment falls by the integral of t dx; what is charged as reported, by t x.

    The difference is the integral of x dt, x = 1 / (1 + exp(-t)); the axiom may miss it by one of its 24 steps.
    """
    game = steered(one_game(HALF, [[1, 0]], [1]), [[0.2, 0]] * 12, [1] * 12)
    excess = np.log1p(np.exp(1)) - np.log1p(np.exp(0.2))
    (reported,) = worst("payment_equivalent", Recipe(payment="pay_as_reported"), game)
    assert excess - 0.8 / 24 * 0.2 <= reported <= excess
    (charged,) = worst("payment_equivalent", Recipe(payment="affine_maximizer"), game)
    assert charged <= 1e-12


def test_noise_by_hand() -> None:
    """One agent, rewards (1, 0) read as (1 - e, e) at worst: what is lost, less 2 e, in closed form at beta 1."""
    game = one_game(HALF, [[1, 0]], [1])
    epsilon = game.effort.epsilon

    def objective(x: np.ndarray) -> float:
        return float(x[0] - (x * np.log(2 * x)).sum())

    lost = [objective(tilted(1, 0)) - objective(tilted(1 + 2 * e, 0)) for e in (-epsilon, epsilon)]
    *_, loss = worst("noise_robust", Recipe(), game)
    assert loss == pytest.approx(max(lost) - 2 * epsilon, abs=1e-12)


def test_noise_bounds_are_twice_weight_times_epsilon() -> None:
    """Who likes everything equally gains nothing by lies and next to nothing is lost, so the bounds alone are left."""
    game = one_game(HALF, [[0.5, 0.5]], [2])
    epsilon = game.effort.epsilon * 0.5
    violation = found("no_payment", "noise_robust", 0.3, game).violation
    assert violation[0, 0] == pytest.approx(-2 * 2 * epsilon, abs=1e-12)
    assert -2 * epsilon * 2 <= violation[0, 1] <= -2 * epsilon * 2 + 0.002  # noise pulls the policy a little away
