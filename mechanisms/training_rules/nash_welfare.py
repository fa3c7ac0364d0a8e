"""Nash welfare: proportional fairness among agents."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.fine_tuners.welfare import nash
from mechanisms.training_rules.concave_welfare import ConcaveWelfare


def nash_welfare(fine_tuner: FineTuner) -> ConcaveWelfare:
    """objective = sum_i w_i log E[max(r_i, 0)] - beta * D; an agent without a reward above 0 is left out.

    Leaving out whom nothing can please is the usual convention for the maximum Nash welfare (Caragiannis et al. 2019).
    """
    return ConcaveWelfare(fine_tuner, nash())
