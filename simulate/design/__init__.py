"""Catalogue of what a design can maximise; the design itself is in `simulate.design.design`."""

from simulate.design.objectives import Objective, profit, revenue, welfare

OBJECTIVES: dict[str, Objective] = {
    "revenue": revenue,
    "profit": profit,
    "welfare": welfare,
}
