"""Real responses of a language model, scored by real reward models: a finite market with known probabilities.

On a pool the reference policy is the empirical law of the samples, so every finite result holds on it
exactly; how far it stands for the language model itself is what the effective sample size says.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Pool:
    """``P`` prompts with up to ``K`` different responses each; shorter rows end in zeros."""

    name: str
    prompts: tuple[str, ...]  # [P]
    responses: tuple[tuple[str, ...], ...]  # [P][at most K], all different within a prompt
    counts: Tensor  # [P, K] int64, how often the response was sampled
    log_probabilities: Tensor  # [P, K] float64, nats, under the language model's sampling law
    reference: Tensor  # [P, K] float64, counts / samples
    rewards: dict[str, Tensor]  # label -> [P, K] float64 in [0, 1]
    manifest: dict[str, Any]  # as `simulate.pools.manifest.Manifest`

    def __post_init__(self) -> None:
        """Refuse what is not a pool."""
        shape = (len(self.prompts), max(map(len, self.responses), default=0))
        if len(self.responses) != len(self.prompts) or 0 in shape:
            raise ValueError(f"responses has {len(self.responses)} rows; allowed is one, not empty, for each prompt")
        for key, value in self.tensors().items():
            kind = torch.int64 if key == "counts" else torch.float64
            if tuple(value.shape) != shape or value.dtype != kind:
                raise ValueError(f"{key} is {value.dtype} {tuple(value.shape)}; allowed is {kind} {shape}")
        lengths = torch.tensor([len(row) for row in self.responses])
        real = torch.arange(shape[1]) < lengths[:, None]
        if not torch.equal(self.counts > 0, real) or (self.counts < 0).any():
            raise ValueError("counts must be positive where there is a response and 0 elsewhere")
        law = self.counts.double() / self.counts.sum(-1, keepdim=True)
        if not torch.allclose(self.reference, law, rtol=0, atol=1e-15):  # the same division, to the last bit
            raise ValueError("reference must be counts divided by their sum, for each prompt")
        for key, value in self.rewards.items():
            if not ((value >= 0) & (value <= 1)).all():  # written so that NaN fails
                raise ValueError(f"rewards.{key} lies in [{value.min()}, {value.max()}]; allowed is [0, 1]")
        for key, value in self.tensors().items():
            if not value.isfinite().all() or value[~real].any():
                raise ValueError(f"{key} must be finite, and 0 where there is no response")

    def tensors(self) -> dict[str, Tensor]:
        """Everything numeric, under the names it has on disk."""
        fixed = {
            "reference": self.reference,
            "counts": self.counts,
            "log_probabilities": self.log_probabilities,
        }
        return fixed | {f"rewards.{label}": value for label, value in self.rewards.items()}

    def stacked_rewards(self) -> Tensor:
        """All reward models in the order of ``rewards``: ``[n, P, K]``."""
        return torch.stack(list(self.rewards.values()))
