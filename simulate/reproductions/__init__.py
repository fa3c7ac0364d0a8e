"""Catalogue of reproductions: what the base paper prints (arXiv 2405.16276, NeurIPS 2025), ours beside it."""

from simulate.beyond import BEYOND
from simulate.reproductions.base import Reproduction
from simulate.reproductions.experiments import beyond
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
    **{name: beyond(name) for name in BEYOND},
}
