"""Catalogue of reproductions: what the base paper prints (arXiv 2405.16276, NeurIPS 2025), ours beside it."""

from simulate.beyond.collusion import collusion
from simulate.beyond.drift import drift
from simulate.beyond.heuristics import heuristics
from simulate.beyond.one_fine_tune import one_fine_tune
from simulate.beyond.repeated import repeated
from simulate.reproductions.base import Reproduction
from simulate.reproductions.synthetic import synthetic
from simulate.reproductions.theorems import theorems
from simulate.reproductions.three_groups import table

REPRODUCTIONS: dict[str, Reproduction] = {
    "table-1": synthetic,
    "table-2": table(2),
    "table-3": table(3),
    "table-4": table(4),
    "table-5": table(5),
    "table-6": table(6),
    "theorems": theorems,
    "heuristics": heuristics,
    "one-fine-tune": one_fine_tune,
    "repeated": repeated,
    "collusion": collusion,
    "drift": drift,
}
