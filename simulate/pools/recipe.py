"""What a pool is made from: a model, prompts, a sampling law and reward models; read from TOML."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from simulate.errors import sentence

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


WithheldWord = Annotated[str, Field(pattern=r"^\w+$")]


class RewardChoice(_Strict):
    """One reward model of the catalogue, its options, and the label its column gets."""

    name: str
    options: dict[str, Any] = Field(default_factory=dict)
    label: str = Field(default="", pattern=f"{NAME}|^$")

    @property
    def column(self) -> str:
        """The label, or else the name."""
        return self.label or self.name


class Recipe(_Strict):
    """Everything that decides a pool; the same recipe and the same packages give the same pool."""

    name: str = Field(pattern=NAME)
    summary: str = ""
    licence: str  # of the texts, as far as the model's licence says
    model: str
    template: Literal["chat", "raw"]
    prompts: tuple[str, ...] = Field(min_length=1)
    samples: int = Field(ge=2)  # kept per prompt
    spare: int = Field(default=0, ge=0)  # drawn per prompt beyond those, to stand in for withheld ones
    withhold: tuple[WithheldWord, ...] = ()  # no response with one of these words is kept
    temperature: float = Field(gt=0)
    max_tokens: int = Field(ge=1)
    seed: int = Field(ge=0)
    rewards: tuple[RewardChoice, ...] = Field(min_length=1)
    beta: float = Field(gt=0)  # suggested to whoever plays on the pool, and what the effective sample size is for

    @field_validator("prompts")
    @classmethod
    def _prompts_differ(cls, prompts: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(prompts)) < len(prompts) or not all(prompt.strip() for prompt in prompts):
            raise ValueError("different texts, none of them empty")
        return prompts

    @field_validator("rewards")
    @classmethod
    def _columns_differ(cls, rewards: tuple[RewardChoice, ...]) -> tuple[RewardChoice, ...]:
        columns = [reward.column for reward in rewards]
        twice = next((column for column in columns if columns.count(column) > 1), None)
        if twice:
            raise ValueError(f"each label once, but {twice!r} names two rewards")
        return rewards


def read_recipe(path: Path | str) -> Recipe:
    """The recipe in the TOML file ``path``."""
    try:
        return Recipe.model_validate(tomllib.loads(Path(path).read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as reason:
        raise ValueError(f"{path}: cannot be read as TOML ({reason})") from reason
    except ValidationError as wrong:
        raise ValueError(f"{path}: {sentence(wrong, Recipe)}") from wrong
