"""Catalogue of experiments that the base paper leaves out (arXiv 2405.16276, section 4.4 and "future work")."""

from simulate.beyond.base import Experiment
from simulate.beyond.collusion import COLLUSION
from simulate.beyond.drift import DRIFT_EXPERIMENT
from simulate.beyond.heuristics import HEURISTICS
from simulate.beyond.one_fine_tune import ONE_FINE_TUNE
from simulate.beyond.repeated import REPEATED

BEYOND: dict[str, Experiment] = {
    "heuristics": HEURISTICS,
    "one-fine-tune": ONE_FINE_TUNE,
    "repeated": REPEATED,
    "collusion": COLLUSION,
    "drift": DRIFT_EXPERIMENT,
}
