"""The oracle that menus are judged by."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

from mechanisms.axioms.base import Effort
from mechanisms.base import utility
from mechanisms.catalogue import MECHANISMS
from mechanisms.valuation import Valuation
from simulate.empirical.best_reply import Played, best_reply, worth
from simulate.load import load
from simulate.scenario import build


def parts(mechanism: str):
    scenario = build(load("two_camps", {"replicates": 1}))
    truth = Valuation(scenario.truth.rewards[0], scenario.truth.weights[0])
    return MECHANISMS[mechanism].but(beta=0.3).build(), scenario.reference, truth, scenario.messages


def mixed(truth: Valuation) -> Played:
    reports = Valuation(
        torch.stack([truth.rewards, truth.rewards.flip(0)]), torch.stack([truth.weights, 2 * truth.weights])
    )
    return Played(reports, torch.tensor([0.3, 0.7], dtype=torch.float64))


def test_worth_is_the_mean_of_plain_mechanism_calls() -> None:
    mechanism, reference, truth, _ = parts("vcg")
    played = mixed(truth)
    lie = Valuation(truth.rewards[1] ** 2, 3 * truth.weights[1])
    found = worth(mechanism, reference, truth, played, 1, Valuation(lie.rewards[None], lie.weights[None]))
    expected = 0.0
    for s, share in enumerate(played.shares):
        rewards, weights = played.reports.rewards[s].clone(), played.reports.weights[s].clone()
        rewards[1], weights[1] = lie.rewards, lie.weights
        outcome = mechanism(reference, Valuation(rewards, weights))
        expected += float(share * utility(reference, truth, outcome)[1])
    assert float(found[0]) == pytest.approx(expected, abs=1e-12)


def test_truth_is_the_best_reply_to_any_mixture_under_vcg() -> None:
    mechanism, reference, truth, messages = parts("vcg")
    for agent in range(3):
        honest = worth(mechanism, reference, truth, mixed(truth), agent, truth.of(slice(agent, agent + 1)))
        reply = best_reply(mechanism, reference, truth, messages, mixed(truth), agent)
        assert reply.utility == pytest.approx(float(honest[0]), abs=1e-9)


def test_no_reply_found_by_nelder_mead_is_better_without_payments() -> None:
    mechanism, reference, truth, messages = parts("no_payment")
    played = mixed(truth)
    reply = best_reply(mechanism, reference, truth, messages, played, 2)

    def lost(unknown: np.ndarray) -> float:
        told = torch.from_numpy(unknown[:6]).reshape(1, 1, 6)
        lie = messages.project(Valuation(told, torch.tensor([np.exp(min(unknown[6], 5.0))])))
        return -float(worth(mechanism, reference, truth, played, 2, lie)[0])

    rng = np.random.default_rng(0)
    rivals = [
        -minimize(lost, np.append(rng.random(6), rng.normal()), method="Nelder-Mead", options={"maxiter": 2000}).fun
        for _ in range(4)
    ]
    assert reply.utility >= max(rivals) - 1e-6
    assert float(reply.report.weights) == pytest.approx(10.0)  # as loud as the message space lets it be
    assert float(messages.violation(Valuation(reply.report.rewards[None], reply.report.weights[None])).max()) <= 1e-9


def test_searches_repeat_and_a_lighter_one_finds_no_more() -> None:
    mechanism, reference, truth, messages = parts("pay_as_reported")
    first, again = (best_reply(mechanism, reference, truth, messages, mixed(truth), 0, seed=5) for _ in range(2))
    assert torch.equal(first.report.rewards, again.report.rewards)
    light = best_reply(mechanism, reference, truth, messages, mixed(truth), 0, 5, Effort(fresh=4, steps=0, jumps=0))
    assert light.utility <= first.utility + 1e-12
    assert light.tried < first.tried
