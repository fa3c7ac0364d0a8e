"""What can be said of a fine-tune from samples: rewards before and after, welfare, payments, all with intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mechanisms.sampled import quantities
from mechanisms.sampled.estimate import Estimate, Statistic, estimated
from mechanisms.sampled.gap_bound import optimum_bound
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.thin import ThinSample, effective_sample_size, effective_samples, refuse_below
from simulate.fine_tuning.charges import CHARGES, EXPONENTIAL
from simulate.fine_tuning.plan import Plan
from simulate.fine_tuning.samples import Stage

REACH = 1.0  # rewards lie in [0, 1], so a report is worth its weight at most
SHOWN = 2  # pairs of texts that a summary quotes: the first of so many prompts, whatever they say


@dataclass(frozen=True)
class Outcome:
    """The samples of one fine-tune, and who wanted what of it."""

    plan: Plan
    before: Stage
    after: Stage

    def summary(self) -> dict[str, Any]:
        """Everything measured, in plain numbers; intervals are 95 %, None stands for what cannot be stated."""
        plan = self.plan
        return {
            "game": plan.config.name,
            "language_model": plan.reference.language_model,
            "payment": plan.payment,
            "beta": plan.beta,
            "steps": plan.tuner.steps,
            "samples": plan.tuner.samples,
            "evaluation": plan.tuner.evaluation,
            "seed": plan.seed,
            "agents": self._agents(),
            "social_welfare": _plain(quantities.social_welfare(self._true, self._weights, plan.seed)),
            "objective": _plain(quantities.objective(self._true, self._weights, plan.beta, plan.seed)),
            "reported_objective": _plain(quantities.objective(self._said, self._told, plan.beta, plan.seed)),
            "kl": _plain(quantities.kl(self._said, plan.seed)),
            **self._gap(),
            "texts": self._texts(),
        }

    @property
    def _prompt_weights(self) -> Tensor:
        return torch.tensor(self.plan.prompt_weights, dtype=torch.float64)

    @property
    def _said(self) -> SampledPolicy:
        """The trained policy, with rewards as reported."""
        return self.after.policy(self.after.reported, self._prompt_weights)

    @property
    def _true(self) -> SampledPolicy:
        return self.after.policy(self.after.true, self._prompt_weights)

    @property
    def _weights(self) -> Tensor:
        return torch.tensor([party.weight for party in self.plan.parties], dtype=torch.float64)

    @property
    def _told(self) -> Tensor:
        return torch.tensor([party.reported_weight for party in self.plan.parties], dtype=torch.float64)

    def _agents(self) -> list[dict[str, Any]]:
        """One row an agent; rewards without the weight, valuations, payments and utilities with it."""
        columns = {
            "before": self._mean(self.before.true),
            "after": self._mean(self.after.true),
            "difference": self._mean(self.after.true - self.before.true),
            "reported_difference": self._mean(self.after.reported - self.before.reported),
            "valuation": quantities.valuations(self._true, self._weights, self.plan.seed),
        }
        rows = []
        sizes = effective_samples(self._said, self._told, self.plan.beta)
        for i, party in enumerate(self.plan.parties):
            found = {name: _plain(_of(estimate, i)) for name, estimate in columns.items()}
            found["difference"]["excludes_zero"] = _excludes_zero(found["difference"])
            row = {"name": party.name, "weight": party.weight, "reported_weight": party.reported_weight}
            rows.append({**row, "lies": party.lies, **found, **self._bill(i, sizes[i])})
        return rows

    def _bill(self, i: int, size: Tensor) -> dict[str, Any]:
        """Payment and utility of agent i, or why they are not stated."""
        plan, found = self.plan, {"effective_samples": float(size)}
        if plan.payment in EXPONENTIAL:
            try:
                refuse_below(size, f"without {plan.parties[i].name}", self._said.size, plan.beta)
            except ThinSample as reason:
                return {"payment": None, "utility": None, **found, "refused": str(reason)}
        own, worth = self._told[i] * self.after.reported[i], self._weights[i] * self.after.true[i]
        charge, seed = CHARGES[plan.payment], plan.seed
        payment = estimated(charge(own, torch.zeros_like(own), plan.beta), self._prompt_weights, seed)
        cost = estimated(charge(own, worth, plan.beta), self._prompt_weights, seed)
        utility = Estimate(-cost.value, cost.standard_error, -cost.high, -cost.low)
        return {"payment": _plain(payment), "utility": _plain(utility), **found, "refused": None}

    def _gap(self) -> dict[str, Any]:
        """How far the policy stays behind the optimum at the reports, and what that may do to payments."""
        plan, said = self.plan, self._said
        size = effective_sample_size(quantities.to_optimum(said, self._told, plan.beta)).min()
        found = {"effective_samples_at_optimum": float(size)}
        try:
            refuse_below(size, "at the optimum, far from the policy", said.size, plan.beta)
        except ThinSample as reason:
            return {"gap": None, "payment_bounds": None, **found, "gap_refused": str(reason)}
        gap = quantities.gap(said, self._told, plan.beta, plan.seed)
        bounds = optimum_bound(torch.maximum(gap.value, gap.high), plan.beta, self._told * REACH)
        return {"gap": _plain(gap), "payment_bounds": bounds.tolist(), **found, "gap_refused": None}

    def _mean(self, values: Tensor) -> Estimate:
        """E[values]: ``[n, P, S] -> [n]``."""
        return estimated(Statistic(values[None], lambda means: means[0]), self._prompt_weights, self.plan.seed)

    def _texts(self) -> list[dict[str, str]]:
        prompts = self.plan.reference.prompts
        shown = range(min(SHOWN, len(prompts)))
        return [
            {"prompt": prompts[p], "before": self.before.texts[p][0], "after": self.after.texts[p][0]} for p in shown
        ]


def _of(estimate: Estimate, i: int) -> Estimate:
    return Estimate(estimate.value[i], estimate.standard_error[i], estimate.low[i], estimate.high[i])


def _plain(estimate: Estimate) -> dict[str, Any]:
    return {name: float(getattr(estimate, name)) for name in ("value", "standard_error", "low", "high")}


def _excludes_zero(interval: dict[str, Any]) -> bool:
    return bool(interval["low"] > 0 or interval["high"] < 0)
