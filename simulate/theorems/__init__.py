"""Catalogue of the base paper's theorems, each a check: arXiv 2405.16276, numbered as in its NeurIPS 2025 version."""

from simulate.theorems.base import Theorem
from simulate.theorems.continuity import continuity, strong_convexity
from simulate.theorems.cycle_monotonicity import cycle_monotonicity
from simulate.theorems.dominant_truth import dominant_truth
from simulate.theorems.noise import noisy_reports, noisy_valuation, noisy_welfare
from simulate.theorems.payment_bounds import payment_bounds, payment_sandwich
from simulate.theorems.payment_equivalence import payment_equivalence
from simulate.theorems.profitable_lie import profitable_lie
from simulate.theorems.reported_weights import reported_weights, welfare_with_reported_weights
from simulate.theorems.zero_least_reward import zero_least_reward

THEOREMS: dict[str, Theorem] = {
    "4.2": profitable_lie,
    "4.3": zero_least_reward,
    "4.4": dominant_truth,
    "4.6": payment_equivalence,
    "4.8": continuity,
    "4.9": reported_weights,
    "4.10": welfare_with_reported_weights,
    "4.11": payment_bounds,
    "4.12": noisy_reports,
    "4.13": payment_sandwich,
    "B.1": strong_convexity,
    "D.1": noisy_valuation,
    "D.2": noisy_welfare,
    "E.2": cycle_monotonicity,
}
