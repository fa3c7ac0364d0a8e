"""Two replies from the reference, and a random agent picks: truth is dominant, unpaid."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.training_rules.comparisons import with_ties
from mechanisms.training_rules.duple import Duple


def vote_share_duple(fine_tuner: FineTuner) -> Duple:
    """policy(y) = 2 q(y) sum_y' q(y') P(y over y'), q the reference, P the share of agents, ties counted half.

    The best-of-two dictator, but for how an agent's ties are broken.  Agents count equally whatever their weight;
    weight 0 is absent.
    """
    return Duple(fine_tuner, lambda strict, reference: with_ties(strict))
