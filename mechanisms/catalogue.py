"""The catalogue of named mechanisms: a training rule, a payment rule, and one line each."""

from __future__ import annotations

from mechanisms.recipe import Recipe

MECHANISMS: dict[str, Recipe] = {
    "no_payment": Recipe(payment="zero", summary="maximise reported welfare, charge nothing: lying pays"),
    "vcg": Recipe(payment="affine_maximizer", summary="charge the externality on the others: truth is dominant"),
    "pay_as_reported": Recipe(payment="pay_as_reported", summary="charge the reported valuation: agents shade"),
    "nash_welfare": Recipe("nash_welfare", payment="zero", summary="maximise the product of expected rewards"),
    "egalitarian": Recipe("egalitarian", payment="zero", summary="maximise the least expected reward"),
    "generalized_mean": Recipe("generalized_mean", payment="zero", summary="aggregate rewards by log-mean-exp"),
}
