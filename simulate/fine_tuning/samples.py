"""Fresh responses of the reference and of the trained policy, at the same uniforms, with everybody's rewards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pandas as pd
import torch
from torch import Tensor

from mechanisms.fine_tuners.training.open_text import Climb
from mechanisms.language_models.adapters import Adapters
from mechanisms.sampled.policy import SampledPolicy

LISTENING = 2**32  # no training step has this number, so fresh responses share no uniform with any of them
STAGES = ("before", "after")


@dataclass(frozen=True)
class Stage:
    """S responses a prompt, of the reference ("before") or of the trained policy ("after")."""

    name: str
    texts: tuple[tuple[str, ...], ...]  # [P][S]
    tokens: Tensor  # [P, S]
    reported: Tensor  # [n, P, S], rewards at the reports
    true: Tensor  # [n, P, S]
    log_policy: Tensor  # [P, S], under the trained policy, nats
    log_reference: Tensor  # [P, S]

    def policy(self, rewards: Tensor, prompt_weights: Tensor) -> SampledPolicy:
        """The trained policy, if these are its samples, at the reports or at the truth."""
        return SampledPolicy(rewards, self.log_policy, self.log_reference, prompt_weights)

    def frame(self, prompts: Sequence[str], names: Sequence[str]) -> pd.DataFrame:
        """One row a response."""
        size = self.log_policy.shape[-1]
        table: dict[str, object] = {
            "stage": self.name,
            "prompt": [prompt for prompt in prompts for _ in range(size)],
            "text": [text for row in self.texts for text in row],
            "tokens": self.tokens.flatten().numpy(),
        }
        for what, rewards in (("report", self.reported), ("reward", self.true)):
            table |= {f"{what}.{name}": row.flatten().numpy() for name, row in zip(names, rewards, strict=True)}
        logs = {"log_probability": self.log_policy, "reference_log_probability": self.log_reference}
        return pd.DataFrame(table | {name: value.flatten().numpy() for name, value in logs.items()})


def listened(
    climb: Climb, adapters: Adapters, size: int, listening: Callable[[int], None] = lambda done: None
) -> dict[str, Stage]:
    """Both stages by name, ``size`` responses a prompt each; row s of both comes from the same uniforms.

    ``listening`` is told how many prompts are done, both stages counted.
    """
    stages, done = {}, 0
    for name, speaker in zip(STAGES, (None, adapters), strict=True):
        parts = []
        for prompt in climb.law.prompts:
            parts.append(_heard(climb, prompt, size, speaker, adapters))
            listening(done := done + 1)
        stages[name] = _stacked(name, parts)
    return stages


Part = tuple[tuple[str, ...], Tensor, Tensor, Tensor, Tensor]


def _heard(climb: Climb, prompt: str, size: int, speaker: Adapters | None, adapters: Adapters) -> Part:
    """One prompt's texts, tokens ``[S]``, rewards ``[2 n, S]`` and log-probabilities ``[S]`` under both models."""
    heard = climb.law.heard(prompt, size, speaker, climb.seed, LISTENING)
    log_policy = heard.log_policy[0]
    if speaker is None:
        log_policy = climb.law.log_probabilities(prompt, heard.said, adapters)
    rewards = climb.judges(heard.said.texts)
    return heard.said.texts, heard.said.mask.sum(-1).cpu(), rewards, log_policy.cpu(), heard.log_reference[0].cpu()


def _stacked(name: str, parts: Sequence[Part]) -> Stage:
    texts, tokens, rewards, log_policy, log_reference = zip(*parts, strict=True)
    reported, true = torch.stack(rewards, 1).chunk(2)
    return Stage(name, texts, torch.stack(tokens), reported, true, torch.stack(log_policy), torch.stack(log_reference))
