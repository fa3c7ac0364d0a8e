"""What learners promise about regret holds against adversaries, and who promises nothing is caught."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from strategies import STRATEGIES
from strategies.epsilon_greedy import EpsilonGreedy
from strategies.exp3 import Exp3
from strategies.exp3_p import Exp3P
from strategies.fictitious_play import FictitiousPlay
from strategies.hedge import Hedge
from strategies.imitate_best import ImitateBest
from strategies.learner import MenuLearner
from strategies.optimistic_hedge import OptimisticHedge
from strategies.promises import Promise
from strategies.q_learning import QLearning
from strategies.smooth_fictitious_play import SmoothFictitiousPlay
from strategies.thompson import Thompson
from strategies.ucb import Ucb
from tests.adversaries import LIES, Met, alternating, arms, coins, cycling, jealous, meet, script, spiteful, switching

HORIZONS = (100, 400, 1600)
PROMISES = {
    name: promise for name, make in STRATEGIES.items() if (promise := getattr(make(), "promise", None)) is not None
}
SURE = [name for name, promise in PROMISES.items() if promise.holds == "surely"]
GAP = torch.tensor([[0.2, 0.2, 0.2, 0.9, 0.2, 0.2]]).double()
ARMS = script(arms(GAP.expand(8, 6), 800))
WITNESSES = {  # who promises nothing: against whom, and a floor under its average regret in the second half of play
    "fictitious_play": (FictitiousPlay(), script(alternating(800, 6)), 0.49),
    "hedge at a fixed rate": (Hedge(rate=4.0), script(alternating(800, 6)), 0.2),
    "optimistic_hedge at a fixed rate": (OptimisticHedge(rate=4.0), script(alternating(800, 6)), 0.2),
    "smooth_fictitious_play of fixed precision": (SmoothFictitiousPlay(precision=4.0), ARMS, 0.05),
    "epsilon_greedy": (EpsilonGreedy(), ARMS, 0.04),
    "q_learning": (QLearning(), ARMS, 0.04),
    "imitate_best": (ImitateBest(), ARMS, 0.3),
    "exp3 that explores": (Exp3(rate=0.1, explore=0.1), ARMS, 0.04),
    "ucb that is seen through": (Ucb(), spiteful, 0.8),
}


def regret_of(promise: Promise, met: Met) -> Tensor:
    return met.swap() if promise.kind == "no_swap_regret" else met.external()


def slope(averages: list[float]) -> float:
    """Of log regret in log T; less than one unit of regret in all counts as one."""
    horizons = HORIZONS[-len(averages) :]
    floored = [max(average, 1 / T) for average, T in zip(averages, horizons, strict=True)]
    return float(np.polyfit(np.log(horizons), np.log(floored), 1)[0])


def at(regret: Tensor, rounds: int) -> Tensor:
    return regret[rounds - 1] / rounds


@pytest.mark.parametrize("name", SURE)
def test_sure_promises_hold_in_every_replicate_and_fall_as_the_root_of_time(name: str) -> None:
    tables = [make(HORIZONS[-1], 6) for make in (coins, alternating, cycling, switching)]
    table = torch.cat([*tables, torch.zeros(HORIZONS[-1], 1, 6).double()], 1)

    def world(t: int, played: Tensor) -> Tensor:
        return torch.cat([table[t, :-1, None], spiteful(t, played[-1:])])

    promise, met = PROMISES[name], meet(STRATEGIES[name](), world, HORIZONS[-1], (table.shape[1], 1))
    regret = regret_of(promise, met).squeeze(-1)
    for T in HORIZONS:
        assert at(regret, T).max() <= promise.bound(T, 6)
    sections = regret.split([*(table.shape[1] for table in tables), 1], dim=1)
    for section in sections:
        assert slope([float(at(section, T).mean()) for T in HORIZONS]) <= -0.4
    worst = max(float(at(section, 1600).mean()) for section in sections)
    assert worst > 0.1 * promise.bound(1600, 6)  # neither the adversaries nor the bounds are idle


@pytest.mark.parametrize("name", SURE)
@settings(max_examples=10)
@given(data=st.data())
def test_no_repeated_pattern_breaks_a_sure_promise(name: str, data: st.DataObject) -> None:
    menu = data.draw(st.sampled_from(sorted(LIES)))
    length, scale = data.draw(st.integers(1, 6)), 10.0 ** data.draw(st.sampled_from([-6, 0, 6]))
    levels = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 1.0])
    pattern = torch.from_numpy(data.draw(arrays(float, (length, 4, LIES[menu]), elements=levels)))
    table = scale * pattern.repeat(90 // length, 1, 1)
    promise, met = PROMISES[name], meet(STRATEGIES[name](menu=menu), script(table), len(table), (4, 1))
    bounds = torch.tensor([T * promise.bound(T, LIES[menu]) for T in range(1, len(table) + 1)])
    assert bool((regret_of(promise, met) <= bounds[:, None, None] * met.spread() + 1e-9 * scale).all())


@settings(max_examples=10)
@given(seed=st.integers(0, 2**32 - 1), step=st.sampled_from([0.01, 0.1, 1.0]))
def test_optimism_pays_where_utilities_change_slowly(seed: int, step: float) -> None:
    rng = np.random.default_rng(seed)
    table = torch.from_numpy(rng.normal(size=(200, 8, 6)).cumsum(0) * step)
    met = meet(OptimisticHedge(), script(table), 200, (8, 1))
    change = torch.diff(table, dim=0, prepend=torch.zeros_like(table[:1]))
    width = change.amax(-1) - change.amin(-1)
    bound = torch.sqrt(math.log(6) * width.square().cumsum(0)) + 2 * width.cummax(0).values
    assert bool((met.external().squeeze(-1) <= bound + 1e-9).all())


def test_exp3_keeps_its_promise_in_expectation_against_the_oblivious() -> None:
    promise, copies = PROMISES["exp3"], 24
    assert promise.adversary == "oblivious"
    assert promise.holds == "in expectation"
    tables = [coins(1600, 6, 1), alternating(1600, 6), cycling(1600, 6), switching(1600, 6), GAP.expand(1600, 1, 6)]
    table = torch.cat([single.expand(-1, copies, -1) for single in tables], 1)
    met = meet(Exp3(), script(table), 1600, (table.shape[1], 1), known=True)
    expected = met.external().reshape(1600, len(tables), copies).mean(-1)
    for T in HORIZONS:
        assert at(expected, T).max() <= promise.bound(T, 6)
    assert slope([float(at(expected, T)[-1]) for T in HORIZONS]) <= -0.4
    assert at(expected, 1600).max() > 0.1 * promise.bound(1600, 6)


def test_exp3_must_have_met_the_range() -> None:
    table = torch.zeros(800, 16, 6).double()
    table[:400, :, 0], table[400:, :, 1] = 1e-3, 1.0
    unknown, known = (
        float(at(meet(Exp3(), script(table), 800, (16, 1), known=known).external(), 800).mean())
        for known in (False, True)
    )
    assert unknown > PROMISES["exp3"].bound(800, 6) > known


def test_exp3_p_keeps_its_promise_with_high_probability() -> None:
    copies, averages = 40, []
    for T in HORIZONS:
        learner = Exp3P(horizon=T, confidence=0.05)
        assert learner.promise.holds == "with high probability"
        tables = [coins(T, 6, 1), alternating(T, 6), cycling(T, 6), switching(T, 6), GAP.expand(T, 1, 6)]
        table = torch.cat([single.expand(-1, copies, -1) for single in tables], 1)
        oblivious, adaptive = (
            at(meet(learner, world, T, (table.shape[1], 1), known=True).external(), T).reshape(-1, copies)
            for world in (script(table), jealous(table))
        )
        regret = torch.cat([oblivious, adaptive])
        bound = learner.promise.bound(T, 6)
        assert bool(((regret > bound).double().mean(-1) <= 0.05).all())
        assert bound == pytest.approx(5.15 * math.sqrt(6 * math.log(6 / 0.05) / T), rel=0.3)  # as the theorem says it
        averages.append(float(regret.quantile(0.95, -1).max()))
    assert slope(averages[1:]) <= -0.4  # a hundred rounds are too few for the root to show


@pytest.mark.parametrize("learner", [Ucb(), Thompson()], ids=["ucb", "thompson"])
def test_stochastic_promises_hold_for_lies_drawn_from_the_prior(learner: Ucb | Thompson) -> None:
    assert learner.promise.adversary == "stochastic"
    means = torch.rand(100, 6, generator=torch.Generator().manual_seed(9)).double()
    met = meet(learner, script(arms(means, 400)), 400, (100, 1))
    pseudo = (means.amax(-1) - means.gather(-1, met.told.squeeze(-1).T).T).cumsum(0)
    for T in HORIZONS[:2]:
        assert at(pseudo, T).mean() <= learner.promise.bound(T, 6)


@pytest.mark.parametrize("learner", [Ucb(), Thompson()], ids=["ucb", "thompson"])
def test_stochastic_regret_grows_as_the_logarithm_of_time(learner: Ucb | Thompson) -> None:
    met = meet(learner, script(arms(GAP.expand(24, 6), 1600)), 1600, (24, 1))
    gaps = GAP.amax() - GAP[0]
    pseudo = gaps[met.told.squeeze(-1)].cumsum(0).mean(-1)
    wide = gaps[gaps > 0]
    for T in HORIZONS:  # Auer, Cesa-Bianchi and Fischer (2002), Theorem 1; Thompson sampling is far below it
        assert pseudo[T - 1] <= (8 * math.log(T) / wide).sum() + (1 + math.pi**2 / 3) * wide.sum()
    assert pseudo[1599] - pseudo[399] <= 1.5 * (pseudo[399] - pseudo[99])  # logarithm: 1; root: 2
    assert pseudo[1599] >= 0.5  # every lie has been tried


@pytest.mark.parametrize("who", WITNESSES)
def test_who_promises_nothing_regrets_for_ever(who: str) -> None:
    learner, world, floor = WITNESSES[who]
    copies = 8 if world is ARMS else 1
    regret = meet(learner, world, 800, (copies, 1)).external().mean((1, 2))
    assert (regret[799] - regret[399]) / 400 >= floor
    assert learner.promise is None or (learner.promise.adversary == "stochastic" and world is spiteful)


def test_every_menu_learner_promises_or_is_witnessed() -> None:
    learners = {name for name, make in STRATEGIES.items() if isinstance(make(), MenuLearner)}
    assert learners == {name for name in learners if name in PROMISES or name in WITNESSES}
    assert set(PROMISES) <= learners
    for promise in PROMISES.values():
        assert promise.source
        assert promise.order
        assert promise.bound(6400, 6) < promise.bound(1600, 6) or promise.holds == "with high probability"
