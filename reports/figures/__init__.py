"""Catalogue of figures, in the order of the page."""

from reports.figures.base import Illustration
from reports.figures.exploitability import EXPLOITABILITY
from reports.figures.externalities import EXTERNALITIES
from reports.figures.lies import LIES
from reports.figures.payoff_heat_map import PAYOFFS
from reports.figures.phase_portrait import PHASE
from reports.figures.regret import REGRET
from reports.figures.welfare_loss import WELFARE_LOSS
from reports.figures.who_gains import WHO_GAINS

FIGURES: dict[str, Illustration] = {
    "lies": LIES,
    "welfare_loss": WELFARE_LOSS,
    "exploitability": EXPLOITABILITY,
    "regret": REGRET,
    "who_gains": WHO_GAINS,
    "externalities": EXTERNALITIES,
    "payoffs": PAYOFFS,
    "phase": PHASE,
}
