"""What happened: one round as it was played, and every round's measurements."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from torch import Tensor

from mechanisms.base import Outcome
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.last_policies import LastPolicies, joined_policies
from simulate.report_paths import ReportPaths, joined_paths


@dataclass(frozen=True)
class Round:
    """One play of B replicates."""

    reference: Reference
    truth: Valuation  # [B, n, P, K]
    reports: Valuation  # the same object as truth where everybody is truthful
    outcome: Outcome
    utilities: Tensor  # [B, n], true
    utility_gain: Tensor  # [B, n], over telling the truth against the same others
    lie_gains: Tensor | None = None  # [M, B, n], of structured lies over the reports made; None where not measured
    regret: Tensor | None = None  # [B, n], of all measured rounds so far
    equilibrium_distance: Tensor | None = None  # [B], from the nearest computed one; None where there is none


# One row per replicate, round, agent; and one per replicate, round.  Columns are float64, NaN where not measured.
AGENT_COLUMNS = (
    "valuation",
    "payment",
    "utility",
    "utility_gain",
    "report_weight",
    "report_distance",
    "utility_change",
    "regret",
)
OUTCOME_COLUMNS = (
    "social_welfare",
    "objective",
    "welfare_loss",
    "divergence",
    "revenue",
    "effective_sample_size",
    "exploitability",
    "equilibrium_distance",
    "loss_from_rule",
    "loss_from_lies",
    "optimality_gap",
    "incentive_gap",
)
# Runs of earlier versions lack these, which are then as if never measured.
LATER_COLUMNS = (
    "utility_change",
    "regret",
    "exploitability",
    "loss_from_rule",
    "loss_from_lies",
    "optimality_gap",
    "incentive_gap",
)


@dataclass
class History:
    """All plays of some replicates: ``rounds[column]`` is ``[T, B, n]``, ``outcomes[column]`` is ``[T, B]``.

    ``paths`` and ``policies`` are a few raw tensors, for pictures; None where they were not kept, or read back.
    """

    agents: tuple[str, ...]
    replicates: tuple[int, ...]
    rounds: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in AGENT_COLUMNS})
    outcomes: dict[str, list[np.ndarray]] = field(default_factory=lambda: {name: [] for name in OUTCOME_COLUMNS})
    paths: ReportPaths | None = None
    policies: LastPolicies | None = None

    def __len__(self) -> int:
        return len(self.outcomes[OUTCOME_COLUMNS[0]])

    def add(self, agents: dict[str, Tensor], outcome: dict[str, Tensor]) -> None:
        """Keep one round's measurements, on the host."""
        for store, values in ((self.rounds, agents), (self.outcomes, outcome)):
            for name, column in store.items():
                column.append(values[name].detach().cpu().numpy().astype(np.float64))

    def of(self, column: str) -> np.ndarray:
        """``[T, B, n]`` or ``[T, B]``."""
        return np.stack(self.rounds[column] if column in self.rounds else self.outcomes[column])

    def agents_columns(self) -> dict[str, np.ndarray]:
        """Tidy: one row per replicate, round, agent; ``agent`` is its place."""
        rounds, batch, n = len(self), len(self.replicates), len(self.agents)
        return {
            "replicate": np.repeat(self.replicates, rounds * n),
            "round": np.tile(np.repeat(np.arange(rounds), n), batch),
            "agent": np.tile(np.arange(n), rounds * batch),
            **{name: self.of(name).transpose(1, 0, 2).ravel() for name in AGENT_COLUMNS},
        }

    def outcomes_columns(self) -> dict[str, np.ndarray]:
        """Tidy: one row per replicate, round."""
        return {
            "replicate": np.repeat(self.replicates, len(self)),
            "round": np.tile(np.arange(len(self)), len(self.replicates)),
            **{name: self.of(name).T.ravel() for name in OUTCOME_COLUMNS},
        }

    def agents_frame(self) -> pd.DataFrame:
        """One row per replicate, round, agent."""
        columns = self.agents_columns()
        return pd.DataFrame({**columns, "agent": pd.Categorical.from_codes(columns["agent"], pd.Index(self.agents))})

    def outcomes_frame(self) -> pd.DataFrame:
        """One row per replicate, round."""
        return pd.DataFrame(self.outcomes_columns())


def joined(parts: list[History]) -> History:
    """Histories of different replicates of the same game, side by side."""
    first = parts[0]
    if len(parts) == 1:
        return first
    whole = History(first.agents, tuple(replicate for part in parts for replicate in part.replicates))
    for store, of in ((whole.rounds, "rounds"), (whole.outcomes, "outcomes")):
        for name in store:
            store[name] = [
                np.concatenate(plays, 0) for plays in zip(*(getattr(p, of)[name] for p in parts), strict=True)
            ]
    whole.paths = joined_paths(paths) if (paths := [part.paths for part in parts if part.paths]) else None
    whole.policies = joined_policies(last) if (last := [part.policies for part in parts if part.policies]) else None
    return whole
