"""Training rules: what all of them keep, what each of them is, and which of them need no money."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from mechanisms import TRAINING_RULES, Recipe
from mechanisms.base import TrainingRule, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.training_rules.comparisons import majority, strict_shares
from mechanisms.training_rules.median import weighted_median
from mechanisms.training_rules.opinion_pool import OpinionPool, disagreement
from mechanisms.valuation import EVERYONE, Deviations, Valuation, spelled_out
from tests.games import Game, games, random_lies

SOLVED = 1e-7  # policies of rules that iterate, to the square root of their duality gap
ORDINAL = (
    "softmax_borda", "copeland", "nash_learning", "maximal_lottery", "proportional_beta", "best_of_n_dictator",
    "sampled_duple", "vote_share_duple", "voting_by_issues", "proportional_borda",
)  # fmt: skip
UNPAID = (
    "best_of_n_dictator", "sampled_duple", "vote_share_duple", "voting_by_issues", "proportional_borda",
)  # fmt: skip
SMOOTH = {
    "social_welfare", "generalized_mean", "median", "opinion_pool", "sink", "softmax_borda", "copeland",
    "proportional_beta",
}  # fmt: skip

every_rule = pytest.mark.parametrize("name", TRAINING_RULES)
few = settings(max_examples=8)


def rule(name: str, beta: float = 0.3, **options: object) -> TrainingRule:
    return Recipe({"name": name, **options}, beta=beta).build().train


def double(values: object) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)


def drawn(seed: int, *batch: int, n: int = 3, responses: int = 3) -> tuple[Reference, Valuation]:
    """A reference, and a batch of games whose rewards and weights sometimes tie."""
    rng = np.random.default_rng(seed)
    reference = Reference.of(torch.from_numpy(rng.dirichlet(np.ones(responses), 1)))
    rewards = rng.integers(0, 4, (*batch, n, 1, responses)) / 4
    return reference, Valuation(torch.from_numpy(rewards), torch.from_numpy(rng.integers(1, 3, (*batch, n)) / 2))


def shares_by_hand(rewards: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """P(y over y') of one prompt: rewards ``[n, K]``."""
    K = rewards.shape[-1]
    table = np.zeros((K, K))
    for y, z in itertools.product(range(K), repeat=2):
        for r, w in zip(rewards, weights, strict=True):
            table[y, z] += w * (1.0 if r[y] > r[z] else 0.5 if r[y] == r[z] else 0.0)
    return table / weights.sum()


# ---- the contract ----------------------------------------------------------------------------------------------------


@every_rule
@few
@given(game=games())
def test_policies_are_distributions_and_no_objective_beats_the_value(name: str, game: Game) -> None:
    train = rule(name, game.beta)
    policy = train(game.reference, game.truth)
    assert (policy.sum(-1) - 1).abs().max() <= 1e-9
    assert policy.min() >= 0
    assert (policy[game.reference.policy == 0] == 0).all()
    reached = train.objective(game.reference, game.truth, policy).item()
    most = train.value(game.reference, game.truth).item()
    assert np.isfinite(reached)
    assert np.isfinite(most)
    assert most >= reached - 1e-9 * (1 + abs(reached))


@every_rule
@few
@given(game=games(max_agents=3, spread=5.0))
def test_the_absent_the_padding_and_the_order_of_agents_do_not_matter(name: str, game: Game) -> None:
    train = rule(name, game.beta)
    policy = train(game.reference, game.truth)
    rewards, weights = game.truth.rewards, game.truth.weights
    more = Valuation(torch.cat([1 - rewards[:1], rewards]), torch.cat([0 * weights[:1], weights]))
    assert torch.allclose(train(game.reference, more), policy, atol=SOLVED)
    turned = Valuation(rewards.flip(0), weights.flip(0))
    assert torch.allclose(train(game.reference, turned), policy, atol=SOLVED)
    padded = Reference.of(torch.nn.functional.pad(game.reference.policy, (0, 1)))
    wild = Valuation(torch.nn.functional.pad(rewards, (0, 1), value=9.0), weights)
    assert torch.allclose(train(padded, wild)[..., :-1], policy, atol=SOLVED)


@every_rule
@few
@given(game=games(max_agents=3, spread=5.0))
def test_batching_equals_looping(name: str, game: Game) -> None:
    """Games, their references included."""
    train, rng = rule(name, game.beta), torch.Generator().manual_seed(game.seed)
    exists = game.reference.policy > 0
    mixed = torch.stack([game.reference.policy, exists / exists.sum(-1, keepdim=True)])
    many = Valuation(torch.rand(2, *game.truth.rewards.shape, generator=rng, dtype=torch.float64), game.truth.weights)
    together = train(Reference.of(mixed), many)
    for b in range(2):
        one = Valuation(many.rewards[b], many.weights)
        assert torch.allclose(together[b], train(Reference.of(mixed[b]), one), atol=SOLVED)


@every_rule
@few
@given(game=games(max_agents=3, max_responses=4, spread=5.0))
def test_variations_equal_their_spelled_out_profiles(name: str, game: Game) -> None:
    train = rule(name, game.beta)
    lies = random_lies(game, 2)
    lies = Valuation(lies.rewards.clamp(min=0.01), lies.weights)  # the Nash welfare wants a reward above 0
    for varied in (game.truth.others(), Deviations(game.truth, EVERYONE, lies)):
        policy = train(game.reference, spelled_out(varied))
        assert torch.allclose(train(game.reference, varied), policy, atol=SOLVED)
        objectives = [train.objective(game.reference, one, policy) for one in (varied, spelled_out(varied))]
        assert torch.allclose(*objectives, atol=1e-9)
        values = [train.value(game.reference, one) for one in (varied, spelled_out(varied))]
        assert torch.allclose(*values, atol=SOLVED)


@every_rule
def test_nobody_present_leaves_the_reference(name: str) -> None:
    """But for proportional_borda, which never looks at it: it is uniform then."""
    reference, truth = drawn(0, responses=4)
    nobody = Valuation(truth.rewards, 0 * truth.weights)
    left = torch.full((1, 4), 0.25).double() if name == "proportional_borda" else reference.policy
    assert torch.allclose(rule(name)(reference, nobody), left, atol=SOLVED)


@every_rule
def test_gradients_flow_or_are_absent(name: str) -> None:
    mechanism = Recipe(name, beta=0.3, payment="zero").build()
    reference, truth = drawn(1, 4, responses=4)
    lies = truth.payers()
    rewards = (lies.rewards[None] + 0.1).requires_grad_()
    weights = (lies.weights[None] * double([1.0, 0.0, 2.0])[:, None]).requires_grad_()
    gains = deviation_utilities(mechanism, reference, truth, truth, EVERYONE, Valuation(rewards, weights))
    assert torch.isfinite(gains).all()
    assert gains.requires_grad == (name in SMOOTH)
    if gains.requires_grad:
        slopes = torch.autograd.grad(gains.sum(), (rewards, weights), allow_unused=True, materialize_grads=True)
        here = weights > 0  # log w has no slope where an agent would appear
        present = [slopes[0][here], slopes[1][here]]
        assert all(torch.isfinite(slope).all() for slope in present)


@pytest.mark.parametrize("name", ORDINAL)
@few
@given(game=games())
def test_ordinal_rules_see_the_order_alone(name: str, game: Game) -> None:
    train = rule(name, game.beta)
    bent = Valuation((3 * game.truth.rewards).exp() - 2, game.truth.weights)
    assert torch.equal(train(game.reference, bent), train(game.reference, game.truth))


# ---- what each rule is -----------------------------------------------------------------------------------------------


def test_weighted_medians_minimise_weighted_absolute_deviations() -> None:
    _, games_ = drawn(2, 300, n=4)
    medians = weighted_median(games_.rewards, games_.weights)
    for values, weights, median in zip(games_.rewards[..., 0, 0], games_.weights, medians[..., 0, 0], strict=True):
        costs = (weights * (values - values[:, None]).abs()).sum(-1)
        best = values[costs <= costs.min() + 1e-12]
        assert median.item() == pytest.approx((best.min() + best.max()).item() / 2, abs=1e-12)


@pytest.mark.parametrize("name", ["softmax_borda", "copeland"])
def test_scores_by_hand(name: str) -> None:
    reference, games_ = drawn(3, 100, n=4)
    aggregated = rule(name).aggregate(reference, games_)
    for rewards, weights, got in zip(
        games_.rewards[..., 0, :].numpy(), games_.weights.numpy(), aggregated, strict=True
    ):
        P = shares_by_hand(rewards, weights)
        points = P if name == "softmax_borda" else 0.5 + 0.5 * np.sign(np.round(P - 0.5, 9))
        score = [np.mean([points[y, z] for z in range(3) if z != y]) for y in range(3)]
        assert got[0].tolist() == pytest.approx((weights.sum() * np.array(score)).tolist(), abs=1e-12)


@pytest.mark.parametrize("beta", [0.02, 1.0])
def test_nash_learning_is_a_fixed_point(beta: float) -> None:
    reference, games_ = drawn(4, 60, n=4, responses=5)
    policies = rule("nash_learning", beta)(reference, games_)[:, 0].numpy()
    for rewards, weights, policy in zip(
        games_.rewards[..., 0, :].numpy(), games_.weights.numpy(), policies, strict=True
    ):
        logits = reference.log[0].numpy() + weights.sum() * shares_by_hand(rewards, weights) @ policy / beta
        again = np.exp(logits - logits.max())
        assert np.abs(again / again.sum() - policy).max() <= 1e-9


def test_nash_learning_is_where_nash_md_goes() -> None:
    """Algorithm of arXiv 2312.00886, section 6: its last iterate is O(1 / T) away."""
    reference, game = drawn(5, n=3, responses=4)
    beta = 0.5
    P = torch.from_numpy(shares_by_hand(game.rewards[:, 0].numpy(), game.weights.numpy()))
    scale, start = game.weights.sum(), reference.log[0]
    logs = start
    for step in range(20_000):
        rate = 2 / (step + 2)  # the paper's eta times tau
        mixed = torch.log_softmax((1 - rate) * logs + rate * start, -1)
        logs = torch.log_softmax(mixed + rate * scale / beta * (P @ mixed.exp()), -1)
    assert torch.allclose(rule("nash_learning", beta)(reference, game)[0], logs.exp(), atol=1e-3)


def test_nash_learning_needs_kl() -> None:
    with pytest.raises(ValueError, match="allowed are divergence kl and beta above 0"):
        Recipe("nash_learning", divergence="chi_squared").build()


def test_maximal_lotteries_solve_their_linear_programme() -> None:
    """Odd electorates without ties have one maximal lottery (Laffond, Laslier and Le Breton 1997)."""
    rng = np.random.default_rng(6)
    reference = Reference.of(torch.full((1, 5), 0.2, dtype=torch.float64))
    truth = Valuation(torch.from_numpy(rng.random((40, 5, 1, 5))), torch.ones(40, 5, dtype=torch.float64))
    policies = rule("maximal_lottery")(reference, truth)[:, 0].numpy()
    for rewards, policy in zip(truth.rewards[..., 0, :].numpy(), policies, strict=True):
        P = shares_by_hand(rewards, np.ones(5))
        security = np.column_stack([-(P - P.T).T, np.ones(5)])  # t - p' margins <= 0
        best = linprog([0] * 5 + [-1], security, np.zeros(5), [[1] * 5 + [0]], [1], [(0, None)] * 5 + [(None, None)])
        assert np.abs(policy - best.x[:5]).max() <= 1e-4


def test_maximal_lotteries_known() -> None:
    train, reference = rule("maximal_lottery"), Reference.of(torch.full((1, 3), 1 / 3, dtype=torch.float64))
    cycle = Valuation(double([[[3, 2, 1]], [[1, 3, 2]], [[2, 1, 3]]]), torch.ones(3).double())
    assert torch.allclose(train(reference, cycle), double([[1 / 3] * 3]), atol=1e-5)
    rewards = torch.rand(200, 3, 1, 3, generator=torch.Generator().manual_seed(7)).double()
    many = Valuation(rewards, torch.ones(3).double())
    duels = majority(strict_shares(many))
    winner = duels.sum(-1) == 2.5  # beats both, and ties with itself
    assert 0 < winner.any(-1).sum() < 200
    condorcet = winner.any(-1)
    assert torch.allclose(train(reference, many)[condorcet], winner[condorcet].double(), atol=1e-12)


def test_tied_maximal_lotteries_are_the_same_in_any_batch() -> None:
    """And no response beats them by more than the margins that break ties."""
    rng = torch.Generator().manual_seed(19)
    reference = Reference.of(torch.full((1, 6), 1 / 6, dtype=torch.float64))
    rewards = torch.randint(0, 4, (300, 4, 1, 6), generator=rng).double()
    weights = torch.randint(1, 4, (300, 4), generator=rng).double()
    together = rule("maximal_lottery")(reference, Valuation(rewards, weights))
    strict = strict_shares(Valuation(rewards, weights))
    assert (together[..., None] * (strict - strict.mT)).sum(-2).min() >= -1e-6
    for b in range(0, 300, 6):
        alone = rule("maximal_lottery")(reference, Valuation(rewards[b], weights[b]))
        assert torch.allclose(together[b], alone, atol=1e-9)


def test_proportional_beta_by_hand() -> None:
    reference, games_ = drawn(8, 100, n=4)
    policies = rule("proportional_beta", sharpness=3.0)(reference, games_)
    for rewards, weights, policy in zip(
        games_.rewards[..., 0, :].numpy(), games_.weights.numpy(), policies, strict=True
    ):
        P = shares_by_hand(rewards, weights)
        u = np.array([min(P[y, z] for z in range(3) if z != y) for y in range(3)])
        expected = u * np.exp(3.0 * u) if u.max() > 0 else np.ones(3)
        assert policy[0].tolist() == pytest.approx((expected / expected.sum()).tolist(), abs=1e-12)
    cycle = Valuation(double([[[2.0, 1, 1, 0]], [[2, 1, 1, 0]]]), torch.ones(2).double())
    unanimous = rule("proportional_beta")(Reference.of(torch.full((1, 4), 0.25).double()), cycle)
    assert unanimous.tolist() == [[1.0, 0.0, 0.0, 0.0]]


def test_best_of_n_is_the_law_of_the_draws() -> None:
    """All 27 triples of draws; of several best ones the first."""
    reference, games_ = drawn(9, 50, n=2)
    q = reference.policy[0].numpy()
    policies = rule("best_of_n_dictator", draws=3)(reference, games_)
    for rewards, policy in zip(games_.rewards[..., 0, :].numpy(), policies, strict=True):
        law = np.zeros(3)
        for triple in itertools.product(range(3), repeat=3):
            for r in rewards:
                law[max(triple, key=lambda y, r=r: r[y])] += q[list(triple)].prod() / 2
        assert policy[0].tolist() == pytest.approx(law.tolist(), abs=1e-12)


@pytest.mark.parametrize("quota", [0.5, 2 / 3, 0.9])
def test_duples_are_the_law_of_the_pairs(quota: float) -> None:
    reference, games_ = drawn(10, 50, n=3)
    q = reference.policy[0].numpy()

    def by_issues(r: np.ndarray, y: int, z: int) -> float:
        stays = y if q[y] > q[z] else z
        objectors = sum(one[y + z - stays] > one[stays] for one in r)
        return float((objectors > quota * 3 + 1e-9) != (stays == y))

    duels = {
        "sampled_duple": lambda r, y, z: 0.5 + 0.5 * np.sign(sum(np.sign(one[y] - one[z]) for one in r)),
        "vote_share_duple": lambda r, y, z: np.mean([0.5 + 0.5 * np.sign(one[y] - one[z]) for one in r]),
        "voting_by_issues": by_issues,
    }
    for name, duel in duels.items():
        options = {"quota": quota} if name == "voting_by_issues" else {}
        policies = rule(name, **options)(reference, games_)
        for rewards, policy in zip(games_.rewards[..., 0, :].numpy(), policies, strict=True):
            law = q**2
            for y, z in itertools.permutations(range(3), 2):
                law[y] += 2 * q[y] * q[z] * duel(rewards, y, z)
            assert policy[0].tolist() == pytest.approx(law.tolist(), abs=1e-12), name


def test_equally_likely_pairs_go_to_the_majority() -> None:
    reference = Reference.of(torch.full((2, 4), 0.25, dtype=torch.float64))
    votes = Valuation(torch.rand(5, 2, 4, generator=torch.Generator().manual_seed(0)).double(), torch.ones(5).double())
    assert torch.equal(rule("voting_by_issues", quota=0.9)(reference, votes), rule("sampled_duple")(reference, votes))


def test_proportional_borda_adds_up_ranks() -> None:
    reference, games_ = drawn(11, 50, n=3)
    for rewards, policy in zip(games_.rewards[..., 0, :], rule("proportional_borda")(reference, games_), strict=True):
        above = (rewards[..., :, None] > rewards[..., None, :]).double()
        ranks = (1 + above - above.mT).sum(-1) / 2 - 0.5  # those below, and half the ties with others
        assert torch.allclose(policy[0], ranks.sum(0) / ranks.sum(), atol=1e-12)


def test_one_response_gets_everything() -> None:
    alone = Reference.of(double([[1.0, 0.0], [0.5, 0.5]]))
    reports = Valuation(
        torch.rand(3, 2, 2, generator=torch.Generator().manual_seed(0)).double(), torch.ones(3).double()
    )
    for name in TRAINING_RULES:
        assert rule(name)(alone, reports)[0].tolist() == pytest.approx([1.0, 0.0], abs=1e-12), name


def test_sink_leaves_each_agent_out_in_turn() -> None:
    reference, game = drawn(12, n=4)
    plain = Recipe(beta=0.3).build().train
    expected = plain(reference, game.others()).mean(0)
    assert torch.allclose(rule("sink")(reference, game), expected, atol=1e-12)
    alone = Valuation(game.rewards, game.weights * double([0.0, 0, 1, 0]))
    assert torch.allclose(rule("sink")(reference, alone), reference.policy, atol=1e-12)


def test_leximin_breaks_the_ties_of_the_least() -> None:
    """Models worth (0.2, 0.5), (0.9, 0.2), (0.9, 0.1): two tie for the least, the second is better in the rest."""
    menu = {"name": "menu", "policies": torch.eye(3)[:, None].tolist()}
    reference = Reference.of(torch.full((1, 3), 1 / 3, dtype=torch.float64))
    reports = Valuation(double([[[0.2, 0.9, 0.9]], [[0.5, 0.2, 0.1]], [[0.0, 0.1, 0.9]]]), double([1.0, 2.0, 0.0]))
    recipes = {name: Recipe(name, fine_tuner=menu, beta=0.0) for name in ("egalitarian", "leximin")}
    chosen = {name: recipe.build().train(reference, reports)[0].tolist() for name, recipe in recipes.items()}
    assert chosen == {"egalitarian": [1, 0, 0], "leximin": [0, 1, 0]}


@given(seed=st.integers(0, 2**31), beta=st.sampled_from([0.0, 0.1]))
def test_leximin_on_a_menu_is_the_lexicographic_maximum(seed: int, beta: float) -> None:
    rng = np.random.default_rng(seed)
    policies = rng.integers(1, 4, (6, 1, 3)).astype(float)
    policies /= policies.sum(-1, keepdims=True)
    reference, reports = drawn(seed)
    menu = {"name": "menu", "policies": policies.tolist()}
    chosen = Recipe("leximin", fine_tuner=menu, beta=beta).build().train(reference, reports)
    costs = [beta * np.sum(p * np.log(p / reference.policy.numpy())) for p in policies]

    def worth(k: int) -> tuple[float, ...]:
        return tuple(np.round(np.sort((reports.rewards.numpy() * policies[k]).sum((-2, -1))) - costs[k], 10))

    best = max(range(6), key=worth)
    assert chosen.numpy() == pytest.approx(policies[best], abs=1e-12) or worth(best) == worth(
        next(k for k in range(6) if np.allclose(policies[k], chosen.numpy()))
    )


@few
@given(game=games(spread=5.0))
def test_leximin_is_egalitarian_over_all_policies(game: Game) -> None:
    reports = (game.reference, game.truth)
    assert torch.equal(rule("leximin", game.beta)(*reports), rule("egalitarian", game.beta)(*reports))


# ---- opinion pools ---------------------------------------------------------------------------------------------------

ALPHAS = pytest.mark.parametrize("alpha", [-1.0, 0.0, 0.3, 0.5, 1.0, 2.0])


@ALPHAS
@few
@given(game=games(spread=5.0))
def test_pools_minimise_disagreement(alpha: float, game: Game) -> None:
    pool = rule("opinion_pool", game.beta, alpha=alpha)
    reached = pool.value(game.reference, game.truth)
    policy = pool(game.reference, game.truth)
    rng = torch.Generator().manual_seed(game.seed)
    for scale in (1.0, 1e-2, 1e-4):
        noise = torch.randn(100, *policy.shape, generator=rng, dtype=torch.float64)
        rivals = policy * (scale * noise).exp()
        rivals = rivals / rivals.sum(-1, keepdim=True)
        assert pool.objective(game.reference, game.truth, rivals).max() <= reached + 1e-9 * (1 + reached.abs())
    # first order: with mass moved between any two responses nothing is gained either
    logits = policy.clamp(min=1e-30).log().requires_grad_()
    slope = torch.autograd.grad(pool.objective(game.reference, game.truth, torch.softmax(logits, -1)), logits)[0]
    assert slope.abs().max() <= 1e-7 * (1 + reached.abs())


@ALPHAS
@few
@given(game=games(max_agents=3, max_prompts=1, spread=5.0))
def test_externality_in_disagreement_makes_truth_dominant(alpha: float, game: Game) -> None:
    """Park et al., arXiv 2405.00254, section 5: agents who want the pool near their own opinion."""
    relevance = double([0.5, 2.0, 1.0])[: len(game.truth.weights)]
    pool = OpinionPool(Recipe(beta=game.beta).build().train.fine_tuner, alpha, relevance)
    truth = game.truth
    opinions = pool.opinions(game.reference, truth)
    exists = game.reference.policy > 0

    def net(reports: Valuation | Deviations) -> torch.Tensor:
        policy = pool(game.reference, reports)
        paid = affine_maximizer(pool, game.reference, reports, policy)
        logs = torch.where(exists, policy.clamp(min=1e-30).log(), 0.0)
        far = game.reference.mean(disagreement(opinions, logs, exists, alpha))
        return -truth.weights * far - paid.reshape(far.shape)

    honest = net(truth)
    lied = net(Deviations(truth, EVERYONE, random_lies(game, 200)))
    assert (lied - honest).max() <= 1e-8 * (1 + honest.abs().max())


def test_pools_by_hand() -> None:
    reference, reports = drawn(13, n=3)
    opinions = torch.softmax(reference.log + reports.rewards / 0.3, -1)
    w = (reports.weights / reports.weights.sum())[:, None, None]
    linear = rule("opinion_pool")(reference, reports)
    assert torch.allclose(linear, (w * opinions).sum(0), atol=1e-12)
    geometric = rule("opinion_pool", alpha=0.0)(reference, reports)
    assert torch.allclose(geometric, torch.softmax((w * opinions.log()).sum(0), -1), atol=1e-12)
    assert torch.allclose(rule("opinion_pool", alpha=1e-6)(reference, reports), geometric, atol=1e-5)
    scaled = Valuation(reports.rewards, reports.weights * double([3.0, 1.0, 0.5]))
    relevant = rule("opinion_pool", relevance=[3.0, 1.0, 0.5])(reference, reports)
    assert torch.allclose(relevant, rule("opinion_pool")(reference, scaled), atol=1e-12)


@ALPHAS
def test_pools_of_opinions_with_nothing_in_common_are_finite(alpha: float) -> None:
    menu = {"name": "menu", "policies": [[[1.0, 0.0]], [[0.0, 1.0]]]}
    pool = Recipe({"name": "opinion_pool", "alpha": alpha}, fine_tuner=menu, beta=0.0).build().train
    reference = Reference.of(double([[0.5, 0.5]]))
    reports = Valuation(double([[[1.0, 0.0]], [[0.0, 1.0]]]), torch.ones(2).double())
    assert torch.allclose(pool(reference, reports), reference.policy, atol=1e-12)
    assert torch.isfinite(pool.value(reference, reports))


# ---- unpaid truth ----------------------------------------------------------------------------------------------------


def structured_lies(game: Game, count: int) -> Valuation:
    """Fresh rewards, permuted ones and ones with ties, in equal parts."""
    rng = torch.Generator().manual_seed(game.seed)
    lies = random_lies(game, count)
    order = torch.rand(lies.rewards.shape, generator=rng).argsort(-1)
    permuted = game.truth.rewards.expand_as(lies.rewards).gather(-1, order)
    rewards = torch.cat([lies.rewards, permuted, (3 * lies.rewards).round() / 3])
    return Valuation(rewards, lies.weights.repeat(3, 1))


def most_gained(name: str, game: Game, lies: Valuation) -> torch.Tensor:
    mechanism = Recipe(name, beta=game.beta, payment="zero").build()
    honest = utility(game.reference, game.truth, mechanism(game.reference, game.truth))
    lied = deviation_utilities(mechanism, game.reference, game.truth, game.truth, EVERYONE, lies)
    return (lied - honest.movedim(-1, 0)).amax()


@pytest.mark.parametrize("name", UNPAID)
@settings(max_examples=30)
@given(game=games())
def test_no_lie_pays_without_money(name: str, game: Game) -> None:
    assert most_gained(name, game, structured_lies(game, 200)) <= 1e-12


@pytest.mark.parametrize("name", UNPAID)
def test_no_lie_pays_without_money_in_any_profile_of_weak_orders(name: str) -> None:
    """All 13 weak orders of three responses for each of three agents, all 13 lies, random utilities within orders."""
    orders = np.array(
        sorted({tuple(np.unique(o, return_inverse=True)[1]) for o in itertools.product(range(3), repeat=3)})
    )
    assert len(orders) == 13
    levels = np.sort(np.random.default_rng(14).random((13**3, 3, 3)), -1)
    profiles = np.array(list(itertools.product(range(13), repeat=3)))
    rewards = torch.from_numpy(np.take_along_axis(levels, orders[profiles], -1))[..., None, :]
    truth = Valuation(rewards, torch.ones(13**3, 3, dtype=torch.float64))
    lies = torch.from_numpy(orders).double()[:, None, None, None].expand(13, 3, 13**3, 1, 3)
    game = Game(Reference.of(double([[0.2, 0.5, 0.3]])), truth, 1.0, 0)
    assert most_gained(name, game, Valuation(lies, torch.ones(13, 3, 13**3, dtype=torch.float64))) <= 1e-12


@pytest.mark.parametrize("name", sorted(set(TRAINING_RULES) - set(UNPAID) - {"pessimistic_median"}))
def test_lies_pay_elsewhere(name: str) -> None:
    """The same search finds what there is to be found."""
    rng = torch.Generator().manual_seed(15)
    truth = Valuation(torch.rand(3, 1, 4, generator=rng).double(), torch.ones(3).double())
    game = Game(Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64)), truth, 0.3, 0)
    assert most_gained(name, game, structured_lies(game, 300)) > 1e-3


# ---- the pessimistic median ------------------------------------------------------------------------------------------


def test_pessimistic_median_of_endless_data_is_the_majority_of_pairs() -> None:
    rng = torch.Generator().manual_seed(16)
    reference = Reference.of(double([[0.2, 0.5, 0.3]]))
    truth = Valuation(torch.rand(40, 3, 1, 3, generator=rng).argsort(-1).double(), torch.ones(3).double())
    many = rule("pessimistic_median", comparisons=200_000)(reference, truth)
    assert torch.allclose(many, rule("sampled_duple")(reference, truth), atol=1e-12)


def test_pessimistic_median_counts_answers() -> None:
    train = rule("pessimistic_median", comparisons=400, seed=3)
    chance = torch.linspace(0, 1, 11).double().reshape(11, 1, 1).expand(11, 2, 3)
    estimates = train.estimates(chance)
    assert torch.isfinite(estimates).all()
    assert (estimates.diff(dim=0) >= 0).all()
    assert estimates[0, 0, 0].item() == pytest.approx(np.log(0.5 / 400.5))
    answers = torch.sigmoid(estimates) * 401 - 0.5
    assert torch.allclose(answers, answers.round(), atol=1e-9)
    assert (answers / 400 - chance).abs().max() <= 4 * 0.5 / 20  # four standard deviations


def test_pessimistic_median_decides_most_pairs_by_default() -> None:
    rng = torch.Generator().manual_seed(17)
    reference = Reference.of(torch.full((1, 5), 0.2, dtype=torch.float64))
    truth = Valuation(torch.rand(200, 3, 1, 5, generator=rng).double(), torch.ones(3).double())
    train = rule("pessimistic_median")
    pairs = torch.tril_indices(5, 5, -1)
    chance = torch.sigmoid(truth.rewards[..., pairs[0]] - truth.rewards[..., pairs[1]])
    radius = train.radius(reference, truth)
    assert radius.unique().item() == pytest.approx(((10 + np.log(30)) / 256) ** 0.5)
    decided = (weighted_median(train.estimates(chance), truth.weights).abs() > radius).double().mean()
    assert 0.4 < decided < 0.8
    right = (train(reference, truth) * truth.rewards.sum(1)).sum(-1).mean() - truth.rewards.sum(1).mean()
    assert right > 0.05


def test_pessimistic_median_seeds() -> None:
    reference, truth = drawn(18, 30, responses=5)
    one, same, other = (rule("pessimistic_median", seed=seed)(reference, truth) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


# ---- bad values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "option", "value"),
    [
        ("opinion_pool", "alpha", 11.0),
        ("opinion_pool", "relevance", [1.0, 0.0]),
        ("proportional_beta", "sharpness", -1.0),
        ("best_of_n_dictator", "draws", 0),
        ("voting_by_issues", "quota", 1.0),
        ("voting_by_issues", "quota", 0.4),
        ("pessimistic_median", "comparisons", 0),
        ("pessimistic_median", "confidence", 1.0),
    ],
)
def test_bad_values_are_refused_in_a_sentence(name: str, option: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"training: {name}: {option} is .*; allowed"):
        rule(name, **{option: value})
