"""Catalogue of equilibrium concepts: a finite game in, equilibria with their own checks out."""

from simulate.equilibria.all_nash import all_nash
from simulate.equilibria.alpha_rank import alpha_rank
from simulate.equilibria.base import Concept
from simulate.equilibria.coarse_correlated import coarse_correlated
from simulate.equilibria.correlated import correlated
from simulate.equilibria.nash import nash
from simulate.equilibria.pure_nash import pure_nash
from simulate.equilibria.quantal_response import quantal_response
from simulate.equilibria.undominated import undominated

EQUILIBRIA: dict[str, Concept] = {
    "pure_nash": pure_nash,
    "nash": nash,
    "all_nash": all_nash,
    "undominated": undominated,
    "correlated": correlated,
    "coarse_correlated": coarse_correlated,
    "quantal_response": quantal_response,
    "alpha_rank": alpha_rank,
}
