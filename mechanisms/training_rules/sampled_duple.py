"""Two replies from the reference, and the majority picks: truth is dominant, unpaid."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.training_rules.comparisons import majority
from mechanisms.training_rules.duple import Duple


def sampled_duple(fine_tuner: FineTuner) -> Duple:
    """policy(y) = 2 q(y) sum_y' q(y') [y beats y' by majority, a tie counts half], q the reference.

    A mixture of Gibbard's (1977) duples.  Agents count equally whatever their weight; weight 0 is absent.
    """
    return Duple(fine_tuner, lambda strict, reference: majority(strict))
