"""Where reports moved: what a few agents reported in a few replicates and rounds, in full.

At most `MOST_NUMBERS` reported rewards are kept of a game: those of the first `MOST_REPLICATES` replicates and the
first `MOST_AGENTS` agents, in as many evenly spaced rounds as fit, the first and the last among them.  Where not even
those two fit, nothing is kept.  What is kept depends on the scenario alone, not on who plays which replicates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from torch import Tensor

from mechanisms.valuation import Valuation

MOST_NUMBERS = 60_000
MOST_REPLICATES = 3
MOST_AGENTS = 12


@dataclass(frozen=True)
class ReportPaths:
    """Weight x reward, as reported and in truth, of some rounds of some replicates; single precision."""

    rounds: tuple[int, ...]  # to be kept
    agents: tuple[str, ...]  # m of them
    replicates: tuple[int, ...]  # b of them, those of this batch
    reported: tuple[np.ndarray, ...] = ()  # a kept round each, [b, m, P, K]
    true: tuple[np.ndarray, ...] = ()  # the same

    def followed(self, number: int, reports: Valuation, truth: Valuation) -> ReportPaths:
        """With round ``number`` added, if it is one of those to be kept."""
        if number not in self.rounds or not self.replicates:
            return self
        size = len(self.replicates), len(self.agents)
        return replace(
            self, reported=(*self.reported, _points(reports, *size)), true=(*self.true, _points(truth, *size))
        )

    def frame(self) -> pd.DataFrame:
        """Tidy: ``replicate, round, agent, prompt, response, reported, true``, a row for each reward kept."""
        if not self.reported:
            return pd.DataFrame()
        reported, true = (np.stack(kept, 1) for kept in (self.reported, self.true))  # [b, t, m, P, K]
        index = np.indices(reported.shape).reshape(5, -1)
        return pd.DataFrame(
            {
                "replicate": np.asarray(self.replicates)[index[0]],
                "round": np.asarray(self.rounds)[index[1]],
                "agent": pd.Categorical.from_codes(index[2], pd.Index(self.agents)),
                "prompt": index[3],
                "response": index[4],
                "reported": reported.ravel(),
                "true": true.ravel(),
            }
        )


def report_paths(
    truth: Valuation, agents: tuple[str, ...], replicates: tuple[int, ...], of: int, rounds: int
) -> ReportPaths:
    """Nothing yet, of a game that begins at ``truth`` (``[B, n, P, K]``) with B of its ``of`` replicates."""
    few = agents[:MOST_AGENTS]
    a_round = min(of, MOST_REPLICATES) * len(few) * truth.rewards.shape[-2] * truth.rewards.shape[-1]
    room = min(rounds, MOST_NUMBERS // a_round)
    kept = np.linspace(0, rounds - 1, room).round().astype(int).tolist() if room >= min(rounds, 2) else []
    return ReportPaths(tuple(kept), few, tuple(number for number in replicates if number < MOST_REPLICATES))


def joined_paths(parts: list[ReportPaths]) -> ReportPaths:
    """Paths of different replicates of the same game, side by side."""
    some = [part for part in parts if part.reported]
    if not some:
        return parts[0]
    numbers = tuple(number for part in some for number in part.replicates)
    reported, true = (
        tuple(np.concatenate(plays) for plays in zip(*(getattr(part, each) for part in some), strict=True))
        for each in ("reported", "true")
    )
    return replace(some[0], replicates=numbers, reported=reported, true=true)


def _points(valuation: Valuation, replicates: int, agents: int) -> np.ndarray:
    """The first replicates of a batch are those kept: numbers ascend."""
    weights: Tensor = valuation.weights[:replicates, :agents, None, None]
    return (weights * valuation.rewards[:replicates, :agents]).detach().cpu().numpy().astype(np.float32)
