"""Catalogue of dynamics: how mixtures move on a finite game."""

from collections.abc import Callable

from simulate.dynamics.base import Dynamic
from simulate.dynamics.best_response import BestResponse
from simulate.dynamics.brown_von_neumann_nash import BrownVonNeumannNash
from simulate.dynamics.fictitious_play import FictitiousPlay
from simulate.dynamics.logit import Logit
from simulate.dynamics.replicator import Replicator
from simulate.dynamics.smith import Smith

DYNAMICS: dict[str, Callable[..., Dynamic]] = {
    "replicator": Replicator,
    "logit": Logit,
    "best_response": BestResponse,
    "fictitious_play": FictitiousPlay,
    "brown_von_neumann_nash": BrownVonNeumannNash,
    "smith": Smith,
}
