"""Nash welfare: proportional fairness among agents."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.fine_tuners.welfare import nash
from mechanisms.training_rules.concave_welfare import ConcaveWelfare


def nash_welfare(fine_tuner: FineTuner) -> ConcaveWelfare:
    """objective = sum_i w_i log E[r_i] - beta * D; rewards must be non-negative, none of them all zero."""
    return ConcaveWelfare(fine_tuner, nash())
