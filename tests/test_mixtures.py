"""Mixtures of single-reward fine-tunes: a menu fixed before the reports; truth is dominant however it was trained."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mechanisms import AXIOMS, DIVERGENCES, Recipe
from mechanisms.axioms.base import Games
from mechanisms.base import Mechanism
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.mixtures import Mixtures
from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.listed import listed
from mechanisms.language_models.soup import soup
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.unit_box import unit_box
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.load import load
from simulate.scenario import build
from tests.billing import best_gain
from tests.games import LIGHT, Game, random_lies

BETA, STRENGTH, LEVELS = 0.3, 1.0, 2
ROUNDING = 1e-12
LAW, SAID = listed("enumerable", {"length": 2})
REFERENCE = Reference.of(LAW, None, SAID)


def letters(wanted: str) -> Tensor:
    rows = [[sum(letter in wanted for letter in text) / 2 for text in row] for row in SAID.texts]
    return torch.tensor(rows, dtype=torch.float64)


TRUTH = Valuation(torch.stack([letters("ab"), letters("bc"), letters("de")]), torch.ones(3, dtype=torch.float64))


def mixed(how: str, steps: int = 40, payment: str = "affine_maximizer") -> Mechanism:
    options = {"how": how, "levels": LEVELS, "strength": STRENGTH, "steps": steps}
    tuner = {"name": "mixtures", "basis": TRUTH.rewards.tolist(), **options}
    return Recipe(beta=BETA, fine_tuner=tuner, payment=payment).build()


def tuner_of(mechanism: Mechanism) -> Mixtures:
    tuner = mechanism.train.fine_tuner
    assert isinstance(tuner, Mixtures)
    return tuner


@pytest.fixture(scope="module", params=["logits", "weights"])
def mechanism(request: pytest.FixtureRequest) -> Mechanism:
    torch.set_num_threads(1)
    return mixed(request.param)


def test_the_menu_is_the_singles_the_reference_and_what_lies_between(mechanism: Mechanism) -> None:
    tuner = tuner_of(mechanism)
    policies, coefficients = tuner.menu(REFERENCE).policies, tuner.coefficients
    assert policies.shape == ((LEVELS + 1) ** 3, *LAW.shape)
    assert torch.allclose(policies.sum(-1), torch.ones(()).double(), atol=ROUNDING)
    singles = tuner.tuner(REFERENCE, STRENGTH * TRUTH.rewards)
    for agent in range(3):
        alone = (coefficients == torch.eye(3, dtype=torch.float64)[agent]).all(-1)
        assert torch.allclose(policies[alone][0], singles[agent], atol=1e-9)
    assert torch.allclose(policies[(coefficients == 0).all(-1)][0], LAW, atol=1e-9)


def test_logits_mixed_are_the_gibbs_law_of_the_mixed_reward_if_the_singles_are_exact() -> None:
    """p_f proportional to reference exp(s r_f / beta), so their mixture is the optimum at sum_f c_f s r_f."""
    tuner = tuner_of(mixed("logits", steps=150))
    exact = Exact(DIVERGENCES["kl"](), BETA)
    gap = exact.value(REFERENCE, TRUTH.rewards) - tuner.tuner.value(REFERENCE, TRUTH.rewards)
    wanted = exact(REFERENCE, torch.einsum("cf,fpk->cpk", tuner.coefficients, STRENGTH * TRUTH.rewards))
    apart = 0.5 * (tuner.menu(REFERENCE).policies - wanted).abs().sum(-1)
    assert gap.max() < 2e-3
    assert apart.max() < 0.06  # total variation; Pinsker allows sqrt(G / 2 beta) = 0.06 for each single


def test_weights_mixed_are_the_model_with_the_summed_maps() -> None:
    rng = torch.Generator().manual_seed(0)
    down = {"map": torch.randn(2, 3, 5, generator=rng).double()}
    up = {"map": torch.randn(2, 4, 3, generator=rng).double()}
    coefficients = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.3, -2.0]], dtype=torch.float64)
    whole = soup(Adapters(down, up), coefficients)
    inputs = torch.randn(3, 7, 5, generator=rng).double()
    moved = whole.delta("map", inputs)
    maps = torch.einsum("mf,for,fri->moi", coefficients, up["map"], down["map"])
    assert torch.allclose(moved, torch.einsum("moi,mti->mto", maps, inputs), atol=ROUNDING)
    assert (moved[0] == 0).all()


@pytest.mark.parametrize("steps", [1, 40])
@pytest.mark.parametrize("how", ["logits", "weights"])
def test_truth_is_dominant_at_any_compute(how: str, steps: int) -> None:
    mechanism = mixed(how, steps)
    lies = random_lies(Game(REFERENCE, TRUTH, BETA, 0), 200)
    assert best_gain(mechanism, REFERENCE, TRUTH, lies).max() <= ROUNDING
    assert "incentive_compatible" in mechanism.claims
    assert "efficient" not in mechanism.claims


def test_what_is_claimed_is_found_and_lies_pay_without_payments(mechanism: Mechanism) -> None:
    space = MessageSpace("unit_box", unit_box, REFERENCE.policy > 0, 4.0)
    truth = Valuation(TRUTH.rewards[None], TRUTH.weights[None])
    lies = random_lies(Game(REFERENCE, TRUTH, BETA, 1), 20)
    games = Games(REFERENCE, truth, space, Valuation(lies.rewards[:, :, None], lies.weights[:, :, None]), effort=LIGHT)
    for axiom in ("incentive_compatible", "individually_rational", "no_deficit", "participation"):
        assert axiom in mechanism.claims
        assert AXIOMS[axiom](mechanism, games).violation.max() <= 1e-9, axiom
    free = mixed(tuner_of(mechanism).how, payment="zero")
    assert AXIOMS["incentive_compatible"](free, games).violation.max() > 1e-3


def test_reports_cost_no_training(mechanism: Mechanism, monkeypatch: pytest.MonkeyPatch) -> None:
    mechanism(REFERENCE, TRUTH)

    def never(*ignored: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr("mechanisms.fine_tuners.trained.climb", never)
    loud = Valuation(TRUTH.rewards, 3 * TRUTH.weights)
    assert not torch.equal(mechanism(REFERENCE, loud).policy, mechanism(REFERENCE, TRUTH).policy)


def test_payments_against_the_truth_of_the_exact_mechanism(mechanism: Mechanism) -> None:
    """A menu this coarse loses welfare, and its payments are those of the menu: sound, and not those of the optimum."""
    exact = Recipe(beta=BETA).build()
    best, base = exact.train.value(REFERENCE, TRUTH), REFERENCE.expectation(LAW, TRUTH.total)
    reached = exact.train.objective(REFERENCE, TRUTH, mechanism(REFERENCE, TRUTH).policy)
    share = float((reached - base) / (best - base))
    assert {"logits": 0.9, "weights": 0.6}[tuner_of(mechanism).how] < share < 1


def test_a_scenario_names_the_rewards_that_are_trained_on() -> None:
    named = [{"reward": {"name": "letters", "characters": wanted}} for wanted in ("ab", "bc", "de")]
    data = {
        "name": "mixed",
        "reference": {"language_model": "enumerable", "length": 2},
        "agents": [{"rewards": one} for one in named],
        "mechanism": {"beta": BETA, "fine_tuner": {"name": "mixtures", "basis": named, "steps": 2, "levels": 1}},
    }
    scenario = build(load(data))
    tuner = tuner_of(scenario.mechanism)
    assert torch.equal(tuner.basis, scenario.truth.rewards[0])
    wrong = [
        ("how", "logit", "did you mean 'logits'"),
        ("levels", 0, "levels is 0; allowed is 1 or more"),
        ("levels", 99, "at most 20000 mixtures"),
        ("strength", 0.0, "strength is 0.0; allowed is above 0"),
        ("basis", [[1.0, 0.0]], "fine_tuner.basis: each must be 1 x 31 numbers"),
    ]
    for option, value, sentence in wrong:
        with pytest.raises(ValueError, match=sentence):
            build(load(data, {f"mechanism.fine_tuner.{option}": value}))
    with pytest.raises(ValueError, match="a reference that drifts"):
        tuner.menu(Reference.of(LAW[None]))
