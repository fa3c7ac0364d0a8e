"""Fine-tuning towards Copeland scores: how many duels a response wins (Copeland 1951)."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.training_rules.comparisons import majority
from mechanisms.training_rules.scored import Scored


def copeland(fine_tuner: FineTuner) -> Scored:
    """objective = W E[score] - beta * D, score = (duels won + half the ties) / rivals.

    A duel is decided by weighted majority.  A response that beats every other one scores 1.
    """
    return Scored(fine_tuner, majority)
