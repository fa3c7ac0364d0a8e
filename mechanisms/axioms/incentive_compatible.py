"""Truth is a best response, whatever the others report (DSIC; arXiv 2405.16276, Def. 3.2)."""

from torch import Tensor

from mechanisms.base import Mechanism, utility
from mechanisms.deviation import deviation_utilities
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Valuation


def incentive_compatible(mechanism: Mechanism, reference: Reference, truth: Valuation, lies: Valuation) -> Tensor:
    """Ex-post regret: the largest gain over truth among ``lies [M, n, ...]``, per agent ``[..., n]``."""
    honest = utility(reference, truth, mechanism(reference, truth))
    lying = deviation_utilities(mechanism, reference, truth, truth, EVERYONE, lies)
    return lying.amax(0).movedim(0, -1) - honest
