"""Where a pool comes from: everything one needs to know, or to build it again, without reading its texts."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelRecord(_Strict):
    """The language model that wrote the responses."""

    name: str
    sha256: str | None = None  # of its weights as loaded, see `simulate.pools.build`


class RewardRecord(_Strict):
    """A reward model and the bounds declared for it: reward = clip((raw - low) / (high - low), 0, 1)."""

    label: str  # its key in ``Pool.rewards``
    name: str  # its key in the catalogue
    options: dict[str, Any]
    description: str
    package: str | None  # None: a formula of ours
    version: str | None
    low: float
    high: float


class EffectiveSampleSize(_Strict):
    """At the suggested beta, one number a prompt, everybody with weight 1."""

    truthful: tuple[float, ...]
    overstated: dict[str, tuple[float, ...]]  # the reward of that label counts four times
    thin_prompts: tuple[int, ...]  # below 50 when truthful: the best few samples decide, not the language model


class Manifest(_Strict):
    """The document ``manifest.json``."""

    schema_version: Literal[1]
    name: str
    summary: str
    licence: str
    created: str  # UTC date
    model: ModelRecord
    template: Literal["chat", "raw"]
    prompts: tuple[str, ...]
    samples: int = Field(ge=1)  # per prompt, those with a withheld word left out
    spare: int = Field(ge=0)
    withhold: tuple[str, ...]  # words; the reference is the law of responses with none of them
    withheld: tuple[int, ...]  # responses left out, one number a prompt
    temperature: float = Field(gt=0)
    max_tokens: int = Field(ge=1)
    seed: int
    rewards: tuple[RewardRecord, ...]
    beta: float = Field(gt=0)  # suggested
    effective_sample_size: EffectiveSampleSize
    packages: dict[str, str]
    files: dict[str, str] = Field(default_factory=dict)  # sha256 of the two data files, filled in on writing
