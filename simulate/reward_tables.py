"""Rewards as tables over prompts and responses: spelled out in a file, a column of the pool, or a reward model's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from mechanisms.reference import Reference
from simulate.errors import BadInput, no_such

KEYS = "model, reward"


@dataclass(frozen=True)
class RewardTables:
    """Reads ``[[...]]``, ``{model: LABEL}`` and ``{reward: NAME or {name: NAME, option: ...}}`` for one reference."""

    reference: Reference
    columns: Mapping[str, Tensor]  # the pool's rewards [P, K] by label, if there is a pool

    def table(self, given: list[list[float]] | dict[str, Any], key: str, more: str = "") -> Tensor:
        """``[P, K]``, 0 where a row of texts has ended; ``more`` keys are allowed elsewhere.  Raises BadInput."""
        if isinstance(given, list):
            return self._spelled_out(given, key)
        if set(given) == {"model"}:
            return self._column(given["model"], f"{key}.model")
        if set(given) == {"reward"}:
            return self._scored(given["reward"], f"{key}.reward")
        raise BadInput(
            f"{key} has the keys {', '.join(map(str, given)) or 'none'}; allowed is {more}{KEYS}, or a list of numbers"
        )

    def _spelled_out(self, given: list[list[float]], key: str) -> Tensor:
        table, shape = self._tensor(given), self.reference.policy.shape
        if table.shape != shape:
            raise BadInput(
                f"{key} has {' x '.join(map(str, table.shape))} entries (prompts x responses); the reference has "
                f"{' x '.join(map(str, shape))}"
            )
        return table

    def _column(self, label: Any, key: str) -> Tensor:
        if not self.columns:
            raise BadInput(f"{key} is {label!r}; reward models by label need a reference from a pool")
        if label not in self.columns:
            raise BadInput(f"{key}: {no_such('reward model', str(label), self.columns)}")
        return self._tensor(self.columns[label])

    def _scored(self, spec: Any, key: str) -> Tensor:
        responses = self.reference.responses
        if responses is None:
            raise BadInput(
                f"{key} is {spec!r}; reward models read texts, and only a reference with pool, language_model or "
                "responses has any"
            )
        from simulate.pools.rewards.chosen import chosen  # here, for those who spell their numbers out

        try:
            scores = iter(chosen(spec)([text for row in responses.texts for text in row]).tolist())
        except ValueError as error:
            raise BadInput(f"{key}: {error}") from None
        return self._tensor([_row(row, scores, self.reference.policy.shape[-1]) for row in responses.texts])

    def _tensor(self, values: Any) -> Tensor:
        like = self.reference.policy
        return torch.as_tensor(values, dtype=like.dtype, device=like.device)


def _row(texts: tuple[str, ...], scores: Iterator[float], length: int) -> list[float]:
    """The next scores, one a text, and zeros up to ``length``."""
    return [next(scores) for _ in texts] + [0.0] * (length - len(texts))
