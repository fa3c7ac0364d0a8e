"""Estimators of the policy gradient against the exact gradient, through the adapters, over all that may be drawn."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch
from torch import Tensor

from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.lora import exact_losses, lora
from mechanisms.fine_tuners.rloo import draws, sampled_losses
from mechanisms.fine_tuners.training.estimators import ESTIMATORS, Estimator, k3
from mechanisms.fine_tuners.training.settings import Settings
from mechanisms.fine_tuners.training.task import Task
from mechanisms.language_models.adapters import Adapters
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from tests.letter_market import letter_market

BETA = 0.3
KL = DIVERGENCES["kl"]()
ROUNDING = 1e-9  # of objectives below 2 whose policies were trained by float64 sums in another order


@pytest.fixture(scope="module")
def market() -> tuple[Reference, Valuation]:
    """Two letters at most: 31 responses."""
    return letter_market()


@pytest.fixture(scope="module")
def ragged() -> tuple[Reference, Valuation]:
    """Two prompts, ragged, of unequal weight."""
    reference, truth = letter_market(prompts=["", "ab"], responses=[["a", "", "bcd", "eb"], ["e", "ab", "ca"]])
    return replace(reference, prompt_weights=torch.tensor([0.3, 0.7]).double()), truth


# The policy gradient


def somewhere(reference: Reference, reward: Tensor, steps: int = 10) -> tuple[Task, Adapters, Tensor]:
    """Part of the way up, where gradients are neither those of the start nor of the end: adapters and log policy."""
    tuner = lora(KL, BETA, steps=steps)
    adapters = tuner.adapters(reference, reward).trainable()
    task = Task(reference, reference.log[None], reward[None], BETA)
    return task, adapters, tuner.law(reference).log_policy(adapters, reference.log[None])


def slope(loss: Tensor, adapters: Adapters) -> Tensor:
    """The gradient as one vector."""
    found = torch.autograd.grad(loss.sum(), adapters.parameters(), retain_graph=True)
    return torch.cat([each.flatten() for each in found])


def expected_loss(estimator: Estimator, task: Task, log_policy: Tensor, b: int) -> Tensor:
    """The estimator's mean over all b-tuples of responses, each with its probability; these are not differentiated."""
    total = task.reference.prompt_weights.new_zeros(())
    for prompt, weight in enumerate(task.reference.prompt_weights):
        log_p, log_q, reward = (each[0, prompt] for each in (log_policy, task.log_reference, task.reward))
        exists = (log_q > -torch.inf).nonzero()[:, 0]
        tuples = torch.tensor(list(product(exists.tolist(), repeat=b)))
        chance = log_p.detach()[tuples].sum(-1).exp()
        losses = estimator.loss(log_p[tuples], (log_p - log_q)[tuples], reward[tuples], task.beta)
        assert float(chance.sum()) == pytest.approx(1.0, abs=1e-12)
        total = total + weight * (chance * losses).sum()
    return total


def compared(found: Tensor, exact: Tensor) -> tuple[float, float]:
    """Cosine, and ratio of norms."""
    return float(found @ exact / (found.norm() * exact.norm())), float(found.norm() / exact.norm())


def test_the_expected_policy_gradient_is_the_gradient_of_the_objective(
    market: tuple[Reference, Valuation], ragged: tuple[Reference, Valuation]
) -> None:
    """All 961 pairs of 31 responses, through the adapters; all triples of two prompts of unequal weight."""
    for (reference, truth), b in ((market, 2), (ragged, 3)):
        task, adapters, log_policy = somewhere(reference, truth.total)
        assert float(task.kl(log_policy).detach().max()) > 0.1
        found = slope(expected_loss(ESTIMATORS["rloo"], task, log_policy, b), adapters)
        cosine, ratio = compared(found, slope(-task.objective(log_policy) / BETA, adapters))
        assert cosine > 1 - 1e-10
        assert ratio == pytest.approx(1.0, abs=1e-9)


def test_charging_kl_in_the_loss_is_not_charging_kl(market: tuple[Reference, Valuation]) -> None:
    """k1 in the loss has no gradient at all; k3's is another one, more so further away from the reference.

    Measured cosine and ratio of norms with the gradient of KL, 2, 10 and 40 steps up: see the table.
    """
    reference, truth = market
    k1 = Estimator("k1", lambda returns: 0 * returns, kl_in_returns=False)
    found = []
    for steps in (2, 10, 40):
        task, adapters, log_policy = somewhere(reference, truth.total, steps)
        exact = slope(task.kl(log_policy), adapters)
        chance, log_ratio = log_policy.detach().exp(), log_policy - task.log_reference
        assert slope((chance * log_ratio).sum(), adapters).norm() < 1e-12 * exact.norm()
        assert torch.allclose((chance * k3(log_ratio)).sum(-1), task.kl(log_policy), atol=1e-12)  # as a number, right
        charged = slope(BETA * expected_loss(k1, task, log_policy, 2), adapters) / BETA
        found.append(compared(charged, exact))
        in_returns = Estimator("in returns", ESTIMATORS["rloo"].advantage, kl_in_returns=True)
        silent = replace(task, reward=0 * task.reward)
        right = slope(expected_loss(in_returns, silent, log_policy, 2), adapters)
        assert compared(right, exact) == (pytest.approx(1.0, abs=1e-10), pytest.approx(1.0, abs=1e-9))
    table = [(0.993, 1.200), (0.622, 0.766), (0.451, 0.649)]
    for (cosine, ratio), (measured_cosine, measured_ratio) in zip(found, table, strict=True):
        assert cosine == pytest.approx(measured_cosine, abs=2e-3)
        assert ratio == pytest.approx(measured_ratio, abs=2e-3)


def test_the_losses_that_are_trained_on_are_those(market: tuple[Reference, Valuation]) -> None:
    """lora's loss is the objective; the mean of rloo's over draws has its gradient, up to what draws leave open."""
    reference, truth = market
    task, adapters, log_policy = somewhere(reference, truth.total)
    settings = Settings("rloo", "enumerable", 4, 0, 1.0, 0, lora(KL).settings.schedule, 4096)
    exact = slope(-task.objective(log_policy) / BETA, adapters)
    assert torch.equal(slope(exact_losses(task, log_policy, 0, settings), adapters), exact)
    losses = sampled_losses(ESTIMATORS["rloo"])
    drawn = torch.stack([slope(losses(task, log_policy, step, settings), adapters) for step in range(12)])
    spread = (drawn.std(0) / 12**0.5).norm()
    assert (drawn.mean(0) - exact).norm() < 1.5 * spread  # the norm of such an error is about the spread
    assert spread < 0.1 * exact.norm()
    assert torch.equal(drawn[3], slope(losses(task, log_policy, 3, settings), adapters))


def test_draws_follow_the_policy() -> None:
    """An even grid of uniforms: every response as often as it is likely, and none that has no chance."""
    policy = torch.tensor([[[0.5, 0.25, 0.25, 0.0], [0.1, 0.0, 0.3, 0.6]]], dtype=torch.float64)
    grid = (torch.arange(1000).double() + 0.5) / 1000
    drawn = draws(policy, grid.expand(2, -1))
    counts = torch.nn.functional.one_hot(drawn, 4).sum(-2)
    assert counts.tolist() == [[[500, 250, 250, 0], [100, 0, 300, 600]]]
    assert draws(policy.float(), torch.tensor([[1.0 - 2**-53], [0.0]]).double().float()).tolist() == [
        [[2], [0]]
    ]  # rounds to 1


def test_the_baseline_is_the_mean_of_the_others() -> None:
    returns = torch.tensor([1.0, 4.0, 7.0]).double()
    advantage = ESTIMATORS["rloo"].advantage(returns)
    assert torch.allclose(advantage, torch.tensor([1 - 5.5, 4 - 4.0, 7 - 2.5]).double(), atol=1e-12)
