"""What the models without somebody cost: every way to pay for them, on one game, beside the exact answer.

A payment says what an agent's presence costs the others, so it needs a model trained without the agent, or something in
its place.  Compared are what that costs in fine-tunes, how far the payments are off, and what a lie then gains.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mechanisms.base import Outcome, utility
from mechanisms.fine_tuners.training.climb import Progress
from mechanisms.named import name_of
from simulate.adapters.tuned import TRAINING, tuned
from simulate.config import Config, override
from simulate.errors import BadInput
from simulate.exploitability import gains, structured_lies
from simulate.scenario import Scenario, build

Tuner = Mapping[str, Any]  # the scenario's own fine-tuner, spelled out


@dataclass(frozen=True)
class Way:
    """``keys(tuner, basis)`` of a mechanism that pays this way; ``basis [n][P][K]`` are the rewards there are."""

    summary: str
    keys: Callable[[Tuner, list[Any]], dict[str, Any]]


@dataclass(frozen=True)
class Bill:
    """What one way comes to, everybody telling the truth."""

    way: str
    summary: str
    fine_tunes: float  # trained for one round, in runs of all their steps
    optimality_gap: float  # how far the deployed model is below the best of all policies
    payments: list[float]
    utilities: list[float]
    error: float  # largest distance of a payment from the exact mechanism's
    gain: float  # the most that a catalogued lie adds to its teller's utility


WAYS = {
    "exact": Way("no language model: the optimum, and every optimum without somebody", lambda tuner, basis: {
        "fine_tuner": "exact", "payment": "affine_maximizer"}),
    "leave_one_out": Way("a model trained without each agent, after the one with everybody", lambda tuner, basis: {
        "payment": "affine_maximizer"}),
    "at_once": Way("all n + 1 in one stack; the deployed model counts as a counterfactual too", lambda tuner, basis: {
        "fine_tuner": {**tuner, "together": True}, "payment": "max_in_range"}),
    "cumulant": Way("the deployed model alone, reweighted by each agent's own report", lambda tuner, basis: {
        "payment": "cumulant"}),
    "early_stopped": Way("a model trained without each agent for half of the steps", lambda tuner, basis: {
        "payment": {"name": "early_stopped", "fraction": 0.5}}),
    "checkpoints": Way("the others' best checkpoint of the one run", lambda tuner, basis: {
        "payment": "checkpoints"}),
    "mixed_logits": Way("single-reward models trained once, their logits mixed on a grid", lambda tuner, basis: {
        "fine_tuner": _mixtures(tuner, basis, "logits"), "payment": "affine_maximizer"}),
    "mixed_weights": Way("single-reward models trained once, their weights mixed on a grid", lambda tuner, basis: {
        "fine_tuner": _mixtures(tuner, basis, "weights"), "payment": "affine_maximizer"}),
}  # fmt: skip


def _mixtures(tuner: Tuner, basis: list[Any], how: str) -> dict[str, Any]:
    """Trained like ``lora`` in the same number of steps; as strong as one agent of weight 1, in halves."""
    shared = {key: tuner[key] for key in ("model", "steps", "rate", "rank", "layers", "temperature") if key in tuner}
    return {"name": "mixtures", "basis": basis, "how": how, "levels": 2, **shared}


def ways(config: Config, progress: Callable[[int], None] = lambda done: None) -> list[Bill]:
    """Every way, on replicate 0 of a scenario that trains a language model.  Raises BadInput for any other."""
    given = config.mechanism
    if isinstance(given, str) or name_of(given.fine_tuner) not in TRAINING:
        raise BadInput(
            f"{config.name}: its fine-tuner trains no language model; allowed are {' and '.join(TRAINING)}, "
            "e.g. --set mechanism.fine_tuner=lora"
        )
    tuner = {"name": given.fine_tuner} if isinstance(given.fine_tuner, str) else given.fine_tuner
    basis = build(config, config.name, [0]).truth.rewards[0].tolist()
    bills: list[Bill] = []
    for name, way in WAYS.items():
        keys = {f"mechanism.{key}": value for key, value in way.keys(tuner, basis).items()}
        paid = Config.model_validate(override(config.model_dump(mode="json", exclude_none=True), keys))
        bills.append(_bill(name, way.summary, build(paid, config.name, [0]), bills[0] if bills else None))
        progress(1)
    return bills


@torch.no_grad()
def _bill(name: str, summary: str, scenario: Scenario, exact: Bill | None) -> Bill:
    meter = Meter()
    mechanism, reference, truth = tuned(scenario.mechanism, None, meter), scenario.reference, scenario.truth
    outcome = mechanism(reference, truth)
    spent, utilities = meter.steps / max(meter.longest, 1), utility(reference, truth, outcome)
    lies = structured_lies(truth, scenario.messages)
    gain = gains(mechanism, reference, truth, truth, utilities, lies).max()
    payments = outcome.payments[0]
    return Bill(
        name,
        summary,
        spent,
        _gap(scenario, outcome),
        payments.tolist(),
        utilities[0].tolist(),
        0.0 if exact is None else float((payments - payments.new_tensor(exact.payments)).abs().max()),
        float(gain),
    )


def _gap(scenario: Scenario, outcome: Outcome) -> float:
    """The exact mechanism's objective at the truth - that of the deployed policy."""
    keys = {"mechanism.fine_tuner": "exact", "mechanism.payment": "zero"}
    exact = Config.model_validate(override(scenario.config.model_dump(mode="json", exclude_none=True), keys))
    train = build(exact, scenario.config.name, [0]).mechanism.train
    reached: Tensor = train.objective(scenario.reference, scenario.truth, outcome.policy)
    return float((train.value(scenario.reference, scenario.truth) - reached).clamp(min=0))


@dataclass
class Meter:
    """Counts steps of training, one for each adapter of a stack, and knows the longest run."""

    steps: int = 0
    longest: int = 0

    def __call__(self, progress: Progress) -> None:
        if progress.step:
            self.steps, self.longest = self.steps + progress.adapters, max(self.longest, progress.steps)
