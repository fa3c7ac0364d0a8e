"""The policies that a game ends with, beside the reference they began from.

Of every replicate up to `MOST_REPLICATES`, fewer where `MOST_NUMBERS` probabilities would not hold them; the frame has
the `MOST_ROWS` responses that moved most.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from torch import Tensor

from mechanisms.reference import Reference, Responses
from simulate.statistics import mean_intervals

MOST_REPLICATES = 200
MOST_NUMBERS = 1_000_000
MOST_ROWS = 2_000
MOST_CHARACTERS = 600  # of a response


@dataclass(frozen=True)
class LastPolicies:
    """The last round's policies of some replicates."""

    reference: np.ndarray  # [P, K], before the first round
    policies: np.ndarray  # [b, P, K]
    responses: Responses | None  # None: they are only numbered

    def frame(self, seed: int) -> pd.DataFrame:
        """``prompt, response, reference, policy, low, high, replicates, text``: means over replicates.

        The interval is the bootstrap interval of the mean; responses that the reference does not give are left out.
        """
        mean = self.policies.mean(0)
        moved = np.where(self.reference > 0, np.abs(mean - self.reference), -1.0)
        order = np.argsort(-moved, axis=None, kind="stable")[: min(MOST_ROWS, int((moved >= 0).sum()))]
        prompt, response = np.unravel_index(np.sort(order), moved.shape)
        low, high = mean_intervals(self.policies[:, prompt, response], seed)
        return pd.DataFrame(
            {
                "prompt": prompt,
                "response": response,
                "reference": self.reference[prompt, response],
                "policy": mean[prompt, response],
                "low": low,
                "high": high,
                "replicates": len(self.policies),
                "text": pd.Series([self._text(p, k) for p, k in zip(prompt, response, strict=True)], dtype="string"),
            }
        )

    def _text(self, prompt: int, response: int) -> str | None:
        return None if self.responses is None else self.responses.texts[prompt][response][:MOST_CHARACTERS]


def last_policies(reference: Reference, policy: Tensor, replicates: tuple[int, ...]) -> LastPolicies:
    """Of a batch of replicates whose last policy is ``[B, P, K]``, those with small numbers."""
    before = reference.policy.detach().cpu().numpy().astype(np.float64)
    most = min(MOST_REPLICATES, max(1, MOST_NUMBERS // before.size))
    kept = sum(number < most for number in replicates)  # numbers ascend
    after = policy[:kept].detach().cpu().numpy().astype(np.float64)
    return LastPolicies(before, after, reference.responses)


def joined_policies(parts: list[LastPolicies]) -> LastPolicies:
    """Policies of different replicates of the same game, side by side."""
    return replace(parts[0], policies=np.concatenate([part.policies for part in parts]))
