"""What one lie, told throughout, would have earned more than play did."""

from __future__ import annotations

import numpy as np

from simulate.history import History
from simulate.metrics.time_to_epsilon import measured


def external_regret(history: History) -> np.ndarray:
    """max over lies of the mean gain over all rounds, a mean over agents ``[B]``; NaN if no round was measured.

    The `regret` of the last measured round, an estimate where gains were interpolated between measured rounds.
    Play in which nobody has any is a coarse correlated equilibrium in the catalogued lies (Hannan 1957; Moulin and Vial
    1978).  Below zero, play was better than any lie of the menus.
    """
    rounds, found = measured(history, "regret")
    return found[-1].mean(-1) if len(rounds) else np.full(len(history.replicates), np.nan)
