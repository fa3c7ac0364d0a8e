"""What a scenario leaves to chance, drawn from its seed: one stream for every replicate and purpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from pydantic import Field, ValidationError

from simulate.config import Number, Strict
from simulate.errors import BadInput, sentence

# Beside the agents' own streams, whose keys are (replicate, agent): see strategies/streams.py.
REFERENCE_STREAM, TRUTH_STREAM = 2**31, 2**31 + 1


class RandomReference(Strict):
    """A reference of so many responses: uniform, or a Dirichlet draw that all replicates share."""

    responses: int = Field(ge=1, le=1_000_000)
    prompts: int = Field(1, ge=1, le=100_000)
    concentration: Number | None = Field(None, gt=0)


class RandomRange(Strict):
    """Uniform draws, fresh for every replicate and agent."""

    low: Number = 0.0
    high: Number = 1.0
    integer: bool = False


def stream(seed: int, *key: int) -> np.random.Generator:
    """The stream of one purpose."""
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def drawn_reference(seed: int, options: Any) -> np.ndarray:
    """``[P, K]``.  Raises BadInput."""
    given = _validated(RandomReference, options, "reference.random")
    shape = (given.prompts, given.responses)
    if given.concentration is None:
        return np.full(shape, 1 / given.responses)
    draws = stream(seed, REFERENCE_STREAM).gamma(given.concentration, size=shape) + np.finfo(float).tiny
    return draws / draws.sum(-1, keepdims=True)


def drawn_range(
    seed: int, replicates: Sequence[int], options: Any, purpose: tuple[int, int], shape: Any, key: str
) -> Any:
    """``[B, *shape]`` uniform numbers; ``purpose`` tells one file entry from another.  Raises BadInput."""
    span = _validated(RandomRange, options, key)
    if span.high < span.low:
        raise BadInput(f"{key} has low {span.low!r} above high {span.high!r}")
    streams = [stream(seed, replicate, TRUTH_STREAM, *purpose) for replicate in replicates]
    if span.integer:
        return np.stack([rng.integers(int(span.low), int(span.high), size=shape, endpoint=True) for rng in streams])
    return np.stack([rng.uniform(span.low, span.high, size=shape) for rng in streams])


Model = TypeVar("Model", bound=Strict)


def _validated(model: type[Model], given: Any, key: str) -> Model:
    try:
        return model.model_validate(given if given is not None else {})
    except ValidationError as error:
        raise BadInput(f"{key}: {sentence(error, model)}") from None
