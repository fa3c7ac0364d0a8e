"""How sure the verdict is, and what the best mechanism costs."""

from __future__ import annotations

from typing import Any

from reports.comparisons import Comparisons
from reports.numbers import number, span
from reports.study import Study
from reports.text import counted


def how_sure(comparisons: Comparisons) -> str:
    """Of the one comparison that the ranking rests on: how often, and how likely by luck."""
    study = comparisons.study
    if len(study.rows) < 2:
        over = counted(study.replicates, "replicate")
        return f"One mechanism was played, so nothing is ranked; intervals are over {over}."
    found = comparisons.deciding()
    if found is None or found["p"] is None:
        return "The metric that ranks has no number under both of the first two mechanisms."
    what = "replicates" if study.is_paired else "pairs of replicates"
    share = f"{found['probability_of_improvement']:.0%}"
    between = f"[{found['improvement_low']:.0%}, {found['improvement_high']:.0%}]"
    return (
        f"{found['better']} is ahead of {found['worse']} in {share} {between} of the {what} (ties count half). By "
        f"itself this has p = {number(found['p'])}; after Holm's adjustment for all {comparisons.made} comparisons "
        f"made here, p = {number(found['p_holm'])}."
    )


def what_it_costs(study: Study) -> str:
    """What agents pay under the best mechanism, and how far it takes the model from the reference."""
    best, metrics = study.rows[0]["name"], study.rows[0]["metrics"]
    far = metrics["divergence"]
    moved = f"the policy is {number(far['iqm'])} {span(far)} of divergence from the reference"
    return f"Under {best} {_paid(metrics['revenue'])}, and {moved}."


def _paid(revenue: dict[str, Any]) -> str:
    if revenue["iqm"] is None:
        return "what agents pay is not a number"
    if max(abs(revenue["low"]), abs(revenue["high"])) < 5e-7:
        return "nobody pays anything on balance"
    if revenue["low"] < 0 < revenue["high"]:
        return f"agents pay {number(revenue['iqm'])} {span(revenue)} a round in total, or are paid"
    if revenue["high"] <= 0:
        out = {"low": -revenue["high"], "high": -revenue["low"]}
        return f"the provider pays out {number(-revenue['iqm'])} {span(out)} a round"
    return f"agents pay {number(revenue['iqm'])} {span(revenue)} a round in total"
