"""The model before fine-tuning, and expectations over its prompts and responses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

MANY = 32  # from so many values per policy entry on, a matrix product beats a product and a sum


@dataclass(frozen=True)
class Responses:
    """What the candidate responses say, for those who read them: language models, reward models, people."""

    prompts: tuple[str, ...]  # [P]
    texts: tuple[tuple[str, ...], ...]  # [P][at most K]; shorter rows are padded by probability 0


@dataclass(frozen=True)
class Reference:
    """A distribution over responses for each prompt, and how much each prompt counts.

    >>> uniform = Reference.of(torch.full((1, 4), 0.25))
    >>> uniform.expectation(uniform.policy, torch.tensor([[0.0, 1.0, 2.0, 3.0]]))
    tensor(1.5000)
    """

    policy: Tensor  # [..., P, K], sums to one over K; padding has probability 0
    prompt_weights: Tensor  # [P], sums to one
    responses: Responses | None = None  # None: the candidates are only numbered

    @classmethod
    def of(cls, policy: Tensor, prompt_weights: Tensor | None = None, responses: Responses | None = None) -> Reference:
        """Prompts count equally unless ``prompt_weights`` says otherwise."""
        prompts = policy.shape[-2]
        even = torch.full((prompts,), 1.0 / prompts, dtype=policy.dtype, device=policy.device)
        return cls(policy, even if prompt_weights is None else prompt_weights, responses)

    @cached_property
    def log(self) -> Tensor:
        """log policy ``[..., P, K]``, minus infinity on the padding."""
        return self.policy.log()

    def mean(self, per_prompt: Tensor) -> Tensor:
        """Mean over prompts: ``[..., P] -> [...]``."""
        return per_prompt @ self.prompt_weights

    def expectation(self, policy: Tensor, values: Tensor) -> Tensor:
        """E_policy[values], a mean over prompts: ``[..., P, K], [..., P, K] -> [...]``, batch axes broadcast."""
        if values.numel() > MANY * policy.numel():
            columns = (policy * self.prompt_weights[:, None]).flatten(-2)
            return torch.einsum("...k,...k->...", columns, values.flatten(-2))
        return self.mean((policy * values).sum(-1))
