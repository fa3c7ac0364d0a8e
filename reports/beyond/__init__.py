"""Catalogue of the pictures of experiments, by the names of `simulate/beyond`."""

from reports.beyond.base import Picture
from reports.beyond.collusion import COLLUSION
from reports.beyond.drift import DRIFT
from reports.beyond.heuristics import HEURISTICS
from reports.beyond.one_fine_tune import ONE_FINE_TUNE
from reports.beyond.repeated import REPEATED

PICTURES: dict[str, Picture] = {
    "heuristics": HEURISTICS,
    "one-fine-tune": ONE_FINE_TUNE,
    "repeated": REPEATED,
    "collusion": COLLUSION,
    "drift": DRIFT,
}
