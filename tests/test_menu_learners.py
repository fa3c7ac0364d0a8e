"""Menu learners against second formulas, and where they settle when they learn from each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from torch import Tensor

from mechanisms.valuation import Valuation
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.regret import coarse_regrets, swap_regrets
from simulate.errors import BadInput
from simulate.load import load
from simulate.scenario import build
from strategies import STRATEGIES
from strategies.epsilon_greedy import EpsilonGreedy
from strategies.exp3 import Exp3
from strategies.exp3_p import Exp3P
from strategies.fictitious_play import FictitiousPlay
from strategies.hedge import Hedge
from strategies.internal_regret_matching import stationary
from strategies.learner import Accounts, FullInformation
from strategies.optimistic_hedge import OptimisticHedge
from strategies.q_learning import QLearning
from strategies.regret_matching import RegretMatching
from strategies.regret_matching_plus import RegretMatchingPlus
from strategies.smooth_fictitious_play import SmoothFictitiousPlay
from strategies.thompson import Thompson
from strategies.ucb import Ucb
from tests.adversaries import Draws, Met, World, arms, meet, script

TABLE = torch.from_numpy(np.random.default_rng(4).normal(size=(60, 1, 6)))
INFORMED = [name for name, make in STRATEGIES.items() if isinstance(make(), FullInformation)]
ROUNDS = 800


def softmax(x: np.ndarray) -> np.ndarray:
    weights = np.exp(x - x.max())
    return weights / weights.sum()


def mixtures(learner: FullInformation, table: Tensor = TABLE) -> np.ndarray:
    return meet(learner, script(table), len(table), (1, 1)).played[:, 0, 0].numpy()


def history(t: int) -> np.ndarray:
    return TABLE[:t, 0].numpy()


def positive_part(regrets: np.ndarray) -> np.ndarray:
    gains = np.maximum(regrets, 0)
    return gains / gains.sum() if gains.sum() > 0 else np.full(6, 1 / 6)


def test_regret_matching_by_its_definition() -> None:
    found = mixtures(RegretMatching())
    for t in range(60):
        past = history(t)
        regrets = past.sum(0) - (found[:t] * past).sum()
        assert_allclose(found[t], positive_part(regrets), atol=1e-12)


def test_regret_matching_plus_by_its_definition() -> None:
    found, kept = mixtures(RegretMatchingPlus()), np.zeros(6)
    for t in range(60):
        assert_allclose(found[t], positive_part(kept), atol=1e-12)
        now = history(60)[t]
        kept = np.maximum(0, kept + now - found[t] @ now)


def test_adaptive_hedges_by_the_potential() -> None:
    """With potential F(rate, U) = log(mean exp(rate U)) / rate, the gap is F(U_t) - F(U_{t-1}) less what was earned."""
    for learner, hint in ((Hedge(), 0.0), (OptimisticHedge(), 1.0)):
        found, rate, paid, most = mixtures(learner), 1e6 * math.log(6), 0.0, 0.0
        for t in range(60):
            before, after = history(t).sum(0), history(t + 1).sum(0)
            last = history(t)[-1] if t else np.zeros(6)
            assert_allclose(found[t], softmax(rate * (before + hint * last)), atol=1e-9)
            potential = [np.log(softmax_mass(rate * total)) / rate + total.max() for total in (before, after)]
            gap = potential[1] - potential[0] - found[t] @ (after - before)
            paid += gap if hint else max(gap, 0)
            most = max(most, paid)
            rate = math.log(6) / max(most, 1e-6)


def softmax_mass(x: np.ndarray) -> float:
    return float(np.exp(x - x.max()).mean())


def test_fixed_rates_are_multiplicative_weights() -> None:
    for t, (plain, hinted) in enumerate(
        zip(mixtures(Hedge(rate=0.3)), mixtures(OptimisticHedge(rate=0.3)), strict=True)
    ):
        past = history(t)
        assert_allclose(plain, softmax(0.3 * past.sum(0)), atol=1e-12)
        assert_allclose(hinted, softmax(0.3 * (past.sum(0) + past[-1:].sum(0))), atol=1e-12)


def test_fictitious_play_follows_the_leader_and_breaks_ties_in_favour_of_the_first() -> None:
    found = mixtures(FictitiousPlay())
    assert found.argmax(-1).tolist() == [0, *(history(t).sum(0).argmax() for t in range(1, 60))]
    tied = torch.tensor([[[0.0, 1, 1, 0, 0, 1]], [[0.0] * 6]]).double()
    assert mixtures(FictitiousPlay(), tied).argmax(-1).tolist() == [0, 1]
    assert set(found.flatten().tolist()) == {0.0, 1.0}


def test_smooth_fictitious_play_is_logit_choice_on_averages() -> None:
    fixed, growing = mixtures(SmoothFictitiousPlay(precision=2.0)), mixtures(SmoothFictitiousPlay())
    for t in range(1, 60):
        past = history(t)
        worth = past.mean(0) / np.ptp(past, axis=1).max()
        assert_allclose(fixed[t], softmax(2.0 * worth), atol=1e-12)
        assert_allclose(growing[t], softmax(math.sqrt(8 * math.log(6) * t) * worth), atol=1e-12)
    assert_allclose(growing[0], 1 / 6)


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(2, 7), dead=st.booleans())
def test_stationary_distributions_are_those_of_the_chain(seed: int, size: int, dead: bool) -> None:
    rng = np.random.default_rng(seed)
    rates = rng.random((4, size, size)) ** rng.choice([1, 8], size=(4, size, size))
    if dead:  # a lie that nothing leads to is not told
        rates[:, :, 0] = 0.0
    found = stationary(torch.from_numpy(rates)).numpy()
    off = rates * (1 - np.eye(size))
    assert_allclose(np.einsum("ga,gab->gb", found, off), found * off.sum(-1), atol=1e-10)
    assert_allclose(found.sum(-1), 1, atol=1e-12)
    generator = off[0] - np.diag(off[0].sum(-1))
    values, vectors = np.linalg.eig(generator.T)
    eigen = np.real(vectors[:, np.argmin(abs(values))])
    assert_allclose(found[0], eigen / eigen.sum(), atol=1e-8)


def test_nothing_regretted_is_told_evenly() -> None:
    level = torch.ones(5, 1, 6).double()
    for name in set(INFORMED) - {"fictitious_play"}:
        assert_allclose(mixtures(STRATEGIES[name](), level), 1 / 6, atol=1e-9, err_msg=name)


@pytest.mark.parametrize("name", [*INFORMED, "exp3", "exp3_p", "ucb", "thompson", "epsilon_greedy", "q_learning"])
def test_units_of_utility_do_not_matter(name: str) -> None:
    table = arms(torch.linspace(0.1, 0.9, 6).double().expand(4, 6), 150)
    told = [meet(STRATEGIES[name](), script(scale * table), 150, (4, 1)).told for scale in (1.0, 2.0**20, 2.0**-16)]
    assert torch.equal(told[0], told[1])
    assert torch.equal(told[0], told[2]) or "hedge" in name  # their rates stop at 1e6 per unit of utility
    late = meet(STRATEGIES[name](), script(2.0**-16 * table), 150, (4, 1)).told[-50:]
    assert (late == 5).double().mean() > 0.25  # the best lie of six, even so


def test_exp3_p_by_its_figure() -> None:
    learner, bonus = Exp3P(horizon=500, confidence=0.1), math.sqrt(math.log(60) / 3000)
    explore, rate = 1.05 * math.sqrt(6 * math.log(6) / 500), 0.95 * math.sqrt(math.log(6) / 3000)
    tuned = learner.tuning(6)
    assert (tuned.bonus, tuned.explore, tuned.rate) == pytest.approx((bonus, explore, rate))
    table = arms(torch.full((1, 6), 0.5).double(), 40)
    scores, met = np.zeros(6), meet(learner, script(table), 40, (1, 1), known=True)
    chances = []
    for t in range(40):
        chance = (1 - explore) * softmax(rate * scores) + explore / 6
        told = int(met.told[t])
        chances.append(chance[told])
        scores += bonus / chance
        scores[told] += float(table[t, 0, told]) / chance[told]
    assert_allclose(_credited(learner, table), scores, rtol=1e-12)
    assert len({round(chance, 9) for chance in chances}) > 10


def _credited(learner: Exp3P, table: Tensor) -> np.ndarray:
    kept = []

    class Watched(Exp3P):
        def choose(self, memory, rng):
            kept.append(memory.scores[0, 0].numpy())
            return super().choose(memory, rng)

    meet(Watched(horizon=learner.horizon, confidence=learner.confidence), script(table), len(table), (1, 1), known=True)
    return kept[-1]


def test_exp3_by_its_schedule() -> None:
    scores, plays = torch.linspace(-30, 0, 6).double()[None, None], torch.full((1, 1, 6), 2.5).double()
    accounts = Accounts(
        Valuation(scores, scores), torch.zeros(1, 1).long(), plays[..., 0], plays[..., 0], scores, plays
    )
    expected = softmax(math.sqrt(math.log(6) / (6 * 16)) * scores.numpy().ravel())  # 15 rounds were played
    assert_allclose(Exp3().mixture(accounts).numpy().ravel(), expected, atol=1e-12)
    mixed = 0.7 * softmax(0.2 * scores.numpy().ravel()) + 0.05
    assert_allclose(Exp3(rate=0.2, explore=0.3).mixture(accounts).numpy().ravel(), mixed, atol=1e-12)


def test_ucb_by_its_index() -> None:
    table = arms(torch.linspace(0.2, 0.7, 6).double()[None], 200)
    told = meet(Ucb(), script(10 * table), 200, (1, 1), known=False).told.flatten().tolist()
    paid = [10 * float(table[t, 0, lie]) for t, lie in enumerate(told)]
    assert told[:6] == [0, 1, 2, 3, 4, 5]
    for t in range(6, 200):
        spread = (max(paid[:t]) - min(paid[:t])) or 1.0
        index = []
        for lie in range(6):
            own = [paid[s] for s in range(t) if told[s] == lie]
            index.append(np.mean(own) + spread * math.sqrt(2 * math.log(t) / len(own)))
        assert told[t] == int(np.argmax(index))


def test_thompson_tells_each_lie_as_often_as_it_is_likely_to_be_best() -> None:
    """Two lies have paid 3 of 4 and 1 of 2, the others nothing in 400: P(Beta(4, 2) > Beta(2, 2)) = 11 / 14."""
    rng = np.random.default_rng(0)
    sampled = float((rng.beta(4, 2, 200_000) > rng.beta(2, 2, 200_000)).mean())
    learner, shape = Thompson(), (4000, 1)
    heads = torch.tensor([3.0, 1, 0, 0, 0, 0]).double().expand(*shape, 6)
    plays = torch.tensor([4.0, 2, 400, 400, 400, 400]).double().expand(*shape, 6)
    zero = torch.zeros(shape).double()
    accounts = Accounts(Valuation(zero, zero), zero.long(), zero, zero + 1, heads, plays)
    action = learner.choose(accounts, Draws(2, *shape))
    assert float((action == 0).double().mean()) == pytest.approx(sampled, abs=0.03)
    assert float((action <= 1).double().mean()) > 0.99


def test_q_learning_by_a_dictionary() -> None:
    learner = QLearning(memory=2, levels=3, rate=0.5, discount=0.8, epsilon=0.3)
    table = torch.rand(300, 1, 6, generator=torch.Generator().manual_seed(1)).double()
    told = meet(learner, script(table), 300, (1, 1), known=True).told.flatten().tolist()
    values: dict[tuple, list[float]] = {}
    state, explored = (), 0
    for t, lie in enumerate(told):
        here = values.setdefault(state, [5.0] * 6)
        explored += lie != int(np.argmax(here))
        gain = float(table[t, 0, lie])
        after = (*state, (lie, min(int(3 * gain), 2)))[-2:]
        here[lie] += 0.5 * (gain + 0.8 * max(values.setdefault(after, [5.0] * 6)) - here[lie])
        state = after
    assert 0.15 < explored / 300 < 0.35  # epsilon 0.3, of which a sixth hits the greedy lie


def test_memory_learns_what_averages_cannot() -> None:
    """To pay, a lie must follow its predecessor on the menu: no lie pays twice in a row."""

    def successors() -> World:
        last = torch.zeros(4, 1).long()

        def world(t: int, played: Tensor) -> Tensor:
            nonlocal last
            utilities = torch.nn.functional.one_hot((last + 1) % 6, 6).double()
            last = played.argmax(-1)
            return utilities

        return world

    def late(learner) -> float:
        met = meet(learner, successors(), 1500, (4, 1))
        return float((met.played * met.utilities).sum(-1)[-500:].mean())

    assert late(QLearning(epsilon=0.02)) > 0.85
    assert late(QLearning(memory=0, epsilon=0.02)) < 0.5
    assert late(EpsilonGreedy(epsilon=0.02)) < 0.5


GAMES = torch.rand(2, 5, 6, 6, generator=torch.Generator().manual_seed(5)).double()  # two players' payoffs [2, G, 6, 6]
ZERO_SUM = torch.stack([GAMES[0], -GAMES[0]])


def mutual(games: Tensor) -> World:
    def world(t: int, played: Tensor) -> Tensor:
        row, column = played[:, 0, :, None], played[:, 1, :, None]
        return torch.stack([(games[0] @ column)[..., 0], (games[1].transpose(-2, -1) @ row)[..., 0]], 1)

    return world


def self_play(name: str, games: Tensor) -> Met:
    return meet(STRATEGIES[name](), mutual(games), ROUNDS, (games.shape[1], 2))


def average_joint(met: Met, game: int, rounds: int) -> np.ndarray:
    row, column = met.played[:rounds, game, 0].numpy(), met.played[:rounds, game, 1].numpy()
    return np.einsum("ta,tb->ab", row, column) / rounds


@pytest.mark.parametrize("name", [name for name in INFORMED if name != "fictitious_play"])
def test_average_play_settles_in_coarse_correlated_equilibrium(name: str) -> None:
    met = self_play(name, GAMES)
    for game in range(GAMES.shape[1]):
        form = NormalForm.of(GAMES[:, game].numpy())
        early, late = (coarse_regrets(form, average_joint(met, game, rounds)) for rounds in (50, ROUNDS))
        assert_allclose(late, met.external()[-1, game].numpy() / ROUNDS, atol=1e-9)
        assert late.max() <= max(0.6 * early.max(), 0.002)
        if name == "internal_regret_matching":
            swap = swap_regrets(form, average_joint(met, game, ROUNDS))
            assert_allclose(swap, met.swap()[-1, game].numpy() / ROUNDS, atol=1e-9)
            assert swap.max() <= 0.02


def test_internal_regret_matching_reaches_correlated_equilibria_that_the_others_miss() -> None:
    """Utilities that say which lie should be told after which: external regret is blind to it."""
    t = torch.arange(ROUNDS)
    table = torch.zeros(ROUNDS, 1, 6).double()
    table[t, 0, (t // 40) % 6] = 1.0
    names = ("internal_regret_matching", "hedge", "regret_matching")
    swaps = [float(meet(STRATEGIES[name](), script(table), ROUNDS, (1, 1)).swap()[-1]) for name in names]
    assert swaps[0] < 0.7 * min(swaps[1:])


def test_optimism_makes_regret_bounded_among_its_like() -> None:
    """Hedge's grows as sqrt(T) in zero-sum games, the optimist's hardly at all (Syrgkanis et al. 2015).

    The optimist's goes up and down, in one of the games so chaotically that rounding decides where it is in a given
    round; what is bounded is its largest so far.
    """
    careful, optimist = (
        self_play(name, ZERO_SUM).external().sum(-1).cummax(0).values for name in ("hedge", "optimistic_hedge")
    )
    assert (careful[-1] / careful[199]).min() > 1.6  # 2 is the root of four
    assert (optimist[-1] / optimist[199]).max() < 1.3
    assert optimist[-1].max() < 0.25 * careful[-1].min()


def test_fictitious_players_may_miscoordinate_for_ever() -> None:
    """Both want to be where the other was, in lock-step (Fudenberg and Kreps 1993): their own making."""
    apart = 1 - torch.eye(6).double()
    met = self_play("fictitious_play", apart.expand(2, 1, 6, 6))
    assert (met.played * met.utilities).sum() == 0.0
    assert met.external()[-1].min() > 0.7 * ROUNDS
    assert self_play("regret_matching", apart.expand(2, 1, 6, 6)).external()[-1].max() < 1e-9 * ROUNDS


def test_bad_options_are_sentences() -> None:
    for strategy, message in (
        ({"name": "optimistic_hedge", "rate": 0}, "rate is 0; allowed is a number above 0"),
        ({"name": "smooth_fictitious_play", "precision": -2}, "precision is -2; allowed is"),
        ({"name": "exp3", "explore": 1.5}, "explore is 1.5; allowed is 0 to 1"),
        ({"name": "exp3_p", "horizon": 0}, "horizon is 0; allowed is 1 or more"),
        ({"name": "exp3_p", "confidence": 1}, "confidence is 1; allowed is between 0 and 1"),
        ({"name": "q_learning", "memory": 9}, "memory is 9; allowed is 0 to 3"),
        ({"name": "q_learning", "discount": 1.0}, "discount is 1.0; allowed is"),
        ({"name": "epsilon_greedy", "epsilon": 2}, "epsilon is 2; allowed is 0 to 1"),
        ({"name": "imitate_best", "mutate": -1}, "mutate is -1; allowed is 0 to 1"),
        ({"name": "ucb", "menu": "sharpn"}, "did you mean 'sharpen'"),
    ):
        with pytest.raises(BadInput, match=message):
            build(load("two_camps", {"agents.0.strategy": strategy}))
