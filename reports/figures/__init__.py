"""Catalogue of figures, in the order of the page."""

from reports.figures.base import Illustration
from reports.figures.before_and_after import BEFORE_AND_AFTER
from reports.figures.claims_matrix import CLAIMS_MATRIX
from reports.figures.exploitability import EXPLOITABILITY
from reports.figures.externalities import EXTERNALITIES
from reports.figures.lies import LIES
from reports.figures.manipulation_gain import MANIPULATION_GAIN
from reports.figures.payments_and_utilities import PAYMENTS_AND_UTILITIES
from reports.figures.payoff_heat_map import PAYOFFS
from reports.figures.performance_profile import PERFORMANCE_PROFILES
from reports.figures.phase_portrait import PHASE
from reports.figures.rank_over_rounds import RANK_OVER_ROUNDS
from reports.figures.regret import REGRET
from reports.figures.revenue_frontier import REVENUE_FRONTIER
from reports.figures.welfare_loss import WELFARE_LOSS
from reports.figures.where_reports_move import WHERE_REPORTS_MOVE
from reports.figures.who_gains import WHO_GAINS

FIGURES: dict[str, Illustration] = {
    "lies": LIES,
    "welfare_loss": WELFARE_LOSS,
    "rank_over_rounds": RANK_OVER_ROUNDS,
    "performance_profiles": PERFORMANCE_PROFILES,
    "manipulation_gain": MANIPULATION_GAIN,
    "who_gains": WHO_GAINS,
    "payments_and_utilities": PAYMENTS_AND_UTILITIES,
    "revenue_frontier": REVENUE_FRONTIER,
    "exploitability": EXPLOITABILITY,
    "regret": REGRET,
    "where_reports_move": WHERE_REPORTS_MOVE,
    "before_and_after": BEFORE_AND_AFTER,
    "claims_matrix": CLAIMS_MATRIX,
    "externalities": EXTERNALITIES,
    "payoffs": PAYOFFS,
    "phase": PHASE,
}
