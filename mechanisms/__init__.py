"""Mechanisms: reports in, a policy and payments out.  Pure mathematics: no time, no strategies, never the truth.

``MECHANISMS["vcg"].build()`` is ready to be called with a reference and reports.
"""

from typing import TYPE_CHECKING

from mechanisms.facade import lazily

if TYPE_CHECKING:
    from mechanisms.axioms import AXIOMS
    from mechanisms.catalogue import MECHANISMS
    from mechanisms.divergences import DIVERGENCES
    from mechanisms.fine_tuners import FINE_TUNERS
    from mechanisms.messages import MESSAGES
    from mechanisms.payments import PAYMENT_RULES
    from mechanisms.recipe import Recipe
    from mechanisms.repeated import REPEATED
    from mechanisms.training_rules import TRAINING_RULES

__all__ = [
    "AXIOMS",
    "DIVERGENCES",
    "FINE_TUNERS",
    "MECHANISMS",
    "MESSAGES",
    "PAYMENT_RULES",
    "REPEATED",
    "TRAINING_RULES",
    "Recipe",
]

__getattr__ = lazily(
    __name__,
    {
        "AXIOMS": "mechanisms.axioms",
        "DIVERGENCES": "mechanisms.divergences",
        "FINE_TUNERS": "mechanisms.fine_tuners",
        "MECHANISMS": "mechanisms.catalogue",
        "MESSAGES": "mechanisms.messages",
        "PAYMENT_RULES": "mechanisms.payments",
        "REPEATED": "mechanisms.repeated",
        "Recipe": "mechanisms.recipe",
        "TRAINING_RULES": "mechanisms.training_rules",
    },
)
