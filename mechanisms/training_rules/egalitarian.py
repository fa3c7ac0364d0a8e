"""Egalitarian welfare: the least well-off agent decides; MaxMin-RLHF (Chakraborty et al., arXiv 2402.08925)."""

from mechanisms.fine_tuners.base import FineTuner
from mechanisms.fine_tuners.welfare import least
from mechanisms.training_rules.concave_welfare import ConcaveWelfare


def egalitarian(fine_tuner: FineTuner) -> ConcaveWelfare:
    """objective = min_i E[r_i] - beta * D; weights do not enter, but an agent of weight 0 is absent."""
    return ConcaveWelfare(fine_tuner, least())
