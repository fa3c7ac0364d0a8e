"""Mechanisms: reports in, a policy and payments out.  Pure mathematics: no time, no strategies, never the truth.

``MECHANISMS["vcg"].build()`` is ready to be called with a reference and reports.
"""

from mechanisms.axioms import AXIOMS
from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.messages import MESSAGES
from mechanisms.payments import PAYMENT_RULES
from mechanisms.recipe import Recipe
from mechanisms.training_rules import TRAINING_RULES

MECHANISMS: dict[str, Recipe] = {
    "no_payment": Recipe(payment="zero", summary="maximise reported welfare, charge nothing: lying pays"),
    "vcg": Recipe(payment="affine_maximizer", summary="charge the externality on the others: truth is dominant"),
    "pay_as_reported": Recipe(payment="pay_as_reported", summary="charge the reported valuation: agents shade"),
    "nash_welfare": Recipe("nash_welfare", payment="zero", summary="maximise the product of expected rewards"),
    "egalitarian": Recipe("egalitarian", payment="zero", summary="maximise the least expected reward"),
    "generalized_mean": Recipe("generalized_mean", payment="zero", summary="aggregate rewards by log-mean-exp"),
}

__all__ = [
    "AXIOMS",
    "DIVERGENCES",
    "FINE_TUNERS",
    "MECHANISMS",
    "MESSAGES",
    "PAYMENT_RULES",
    "TRAINING_RULES",
    "Recipe",
]
