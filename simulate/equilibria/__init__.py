"""Catalogue of equilibrium concepts: a finite game in, equilibria with their own checks out."""

from simulate.equilibria.base import Concept

EQUILIBRIA: dict[str, Concept] = {}
