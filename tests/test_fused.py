"""The fused mechanism is the mechanism: same policies, same payments, whatever the shapes."""

from __future__ import annotations

import shutil

import pytest
import torch
from torch import Tensor

from mechanisms.catalogue import MECHANISMS
from mechanisms.fused import fused, one_pass
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation

TOLERANCE = {torch.float64: 1e-11, torch.float32: 2e-4}  # rounding of log partitions of some hundreds, times beta


def game(
    games: tuple[int, ...], agents: int, prompts: int, responses: int, dtype: torch.dtype
) -> tuple[Reference, Valuation]:
    rng = torch.Generator().manual_seed(3)

    def drawn(*shape: int) -> Tensor:
        return torch.rand(shape, generator=rng, dtype=torch.float64).to(dtype)

    policy = drawn(*games, prompts, responses)
    policy[..., 0, -1] = 0.0  # a padded response
    importance = drawn(prompts) + 0.1
    reference = Reference.of(policy / policy.sum(-1, keepdim=True), importance / importance.sum())
    return reference, Valuation(drawn(*games, agents, prompts, responses), 3 * drawn(*games, agents))


def passed(reference: Reference, reports: Valuation, beta: float) -> tuple[Tensor, Tensor]:
    return one_pass(reference.log, reference.prompt_weights, reports.rewards, reports.weights, beta)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("beta", [1.0, 0.3, 0.01])
@pytest.mark.parametrize("sizes", [((), 1, 1, 4), ((7,), 6, 1, 64), ((2, 3), 3, 2, 5)], ids=str)
def test_one_pass_is_vcg(sizes: tuple[tuple[int, ...], int, int, int], beta: float, dtype: torch.dtype) -> None:
    reference, reports = game(*sizes, dtype)
    reports.weights[..., 0] = 0.0  # somebody is absent, and pays nothing
    usual = MECHANISMS["vcg"].but(beta=beta).build()(reference, reports)
    policy, payments = passed(reference, reports, beta)
    assert payments.dtype == dtype
    torch.testing.assert_close(policy, usual.policy, rtol=0, atol=TOLERANCE[dtype])
    torch.testing.assert_close(payments, usual.payments, rtol=0, atol=TOLERANCE[dtype])
    assert payments[..., 0].abs().max() <= TOLERANCE[dtype]


def test_a_dominant_agent_pays_for_the_response_that_it_leaves_without_any_mass() -> None:
    reference = Reference.of(torch.tensor([[0.5, 0.5]], dtype=torch.float64))
    rewards = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]], dtype=torch.float64)
    reports = Valuation(rewards, torch.tensor([10.0, 1.0], dtype=torch.float64))
    policy, payments = passed(reference, reports, 1e-3)  # the odds are exp(9000)
    assert policy[0, 1] == 0
    torch.testing.assert_close(payments, torch.tensor([1.0, 0.0], dtype=torch.float64), rtol=0, atol=1e-9)


def test_a_reference_without_a_batch_serves_every_game() -> None:
    reference, reports = game((5,), 3, 2, 4, torch.float64)
    shared = Reference(reference.policy[0], reference.prompt_weights)
    usual = MECHANISMS["vcg"].build()(shared, reports)
    policy, payments = passed(shared, reports, 1.0)
    torch.testing.assert_close(policy, usual.policy)
    torch.testing.assert_close(payments, usual.payments)


@pytest.mark.skipif(shutil.which("g++") is None, reason="compiling for a CPU takes a C++ compiler")
def test_compiled_it_is_vcg_still() -> None:
    reference, reports = game((50,), 2, 1, 8, torch.float64)
    vcg = MECHANISMS["vcg"].but(beta=0.3).build()
    usual, compiled = vcg(reference, reports), fused(vcg)(reference, reports)
    torch.testing.assert_close(compiled.policy, usual.policy, rtol=0, atol=1e-12)
    torch.testing.assert_close(compiled.payments, usual.payments, rtol=0, atol=1e-12)


@pytest.mark.parametrize(
    "changed",
    [
        {"payment": "zero"},
        {"divergence": "hellinger"},
        {"training": "nash_welfare"},
        {"training": {"name": "social_welfare", "status_quo": 1.0}},
        {"fine_tuner": "mirror"},
    ],
    ids=str,
)
def test_what_it_cannot_do_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="only social_welfare under kl"):
        fused(MECHANISMS["vcg"].but(**changed).build())
