"""Where reports moved: what a few agents reported in a few replicates and rounds, in full.

At most `MOST_NUMBERS` reported rewards are kept of a game: those of the first `MOST_REPLICATES` replicates, the first
`MOST_AGENTS` agents and `MOST_RESPONSES` responses, evenly chosen among those of all prompts, in as many evenly spaced
rounds as fit, the first and the last among them.  It depends on the scenario alone, not on who plays which replicates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from mechanisms.valuation import Valuation

MOST_NUMBERS = 60_000
MOST_REPLICATES = 3
MOST_AGENTS = 12
MOST_RESPONSES = 64  # of all prompts together; so that two rounds always fit


@dataclass(frozen=True)
class ReportPaths:
    """Weight x reward, as reported and in truth, of some rounds of some replicates; single precision."""

    rounds: tuple[int, ...]  # to be kept
    agents: tuple[str, ...]  # m of them
    replicates: tuple[int, ...]  # b of them, those of this batch
    cells: tuple[int, ...]  # c of them: prompt x K + response
    width: int  # K
    reported: tuple[np.ndarray, ...] = ()  # a kept round each, [b, m, c]
    true: tuple[np.ndarray, ...] = ()  # the same

    def followed(self, number: int, reports: Valuation, truth: Valuation) -> ReportPaths:
        """With round ``number`` added, if it is one of those to be kept."""
        if number not in self.rounds or not self.replicates:
            return self
        reported, true = self._points(reports), self._points(truth)
        return replace(self, reported=(*self.reported, reported), true=(*self.true, true))

    def _points(self, valuation: Valuation) -> np.ndarray:
        """The first replicates of a batch are those kept: numbers ascend."""
        batch, agents = len(self.replicates), len(self.agents)
        rewards = valuation.rewards[:batch, :agents].flatten(-2)[..., list(self.cells)]
        return (valuation.weights[:batch, :agents, None] * rewards).detach().cpu().numpy().astype(np.float32)

    def frame(self) -> pd.DataFrame:
        """Tidy: ``replicate, round, agent, prompt, response, reported, true``, a row for each reward kept."""
        if not self.reported:
            return pd.DataFrame()
        reported, true = (np.stack(kept, 1) for kept in (self.reported, self.true))  # [b, t, m, c]
        index = np.indices(reported.shape).reshape(4, -1)
        return pd.DataFrame(
            {
                "replicate": np.asarray(self.replicates)[index[0]],
                "round": np.asarray(self.rounds)[index[1]],
                "agent": pd.Categorical.from_codes(index[2], pd.Index(self.agents)),
                "prompt": np.asarray(self.cells)[index[3]] // self.width,
                "response": np.asarray(self.cells)[index[3]] % self.width,
                "reported": reported.ravel(),
                "true": true.ravel(),
            }
        )


def report_paths(
    truth: Valuation, agents: tuple[str, ...], replicates: tuple[int, ...], of: int, rounds: int
) -> ReportPaths:
    """Nothing yet, of a game that begins at ``truth`` (``[B, n, P, K]``) with B of its ``of`` replicates."""
    prompts, width = truth.rewards.shape[-2:]
    few, cells = agents[:MOST_AGENTS], _evenly(prompts * width, MOST_RESPONSES)
    room = MOST_NUMBERS // (min(of, MOST_REPLICATES) * len(few) * len(cells))
    mine = tuple(number for number in replicates if number < MOST_REPLICATES)
    return ReportPaths(_evenly(rounds, room), few, mine, cells, width)


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


def _evenly(count: int, most: int) -> tuple[int, ...]:
    """At most so many of ``range(count)``, the first and the last among them."""
    return tuple(np.linspace(0, count - 1, min(count, most)).round().astype(int).tolist())
