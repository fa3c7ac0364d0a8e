"""From a recipe to a pool: sample, merge, score, and say how many samples the result is worth."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError, validate_call
from torch import Tensor

from mechanisms.language_models.language_model import LanguageModel, Samples, load
from mechanisms.named import unknown
from simulate.errors import sentence
from simulate.pools.effective_sample_size import effective_sample_size
from simulate.pools.manifest import EffectiveSampleSize, Manifest, ModelRecord, RewardRecord
from simulate.pools.merge import Merged, merge
from simulate.pools.pool import Pool
from simulate.pools.recipe import Recipe, RewardChoice
from simulate.pools.rewards.reward_model import RewardModel
from simulate.pools.withhold import withhold

ENOUGH = 50  # effective samples; below that the pool's best few responses decide, not the language model
OVERSTATED = 4.0  # the weight of the one agent who overstates, beside truthful ones of weight 1
Progress = Callable[[int, int, str], None]  # steps done, steps in all, what is being done


class Sampler(Protocol):
    """What a builder needs of a language model; `LanguageModel` is one."""

    def sample(self, prompt: str, count: int, max_tokens: int, temperature: float, seed: int) -> Samples:
        """``count`` responses to ``prompt``."""


def build(
    recipe: Recipe,
    catalogue: dict[str, Callable[..., RewardModel]],
    progress: Progress | None = None,
    model: Sampler | None = None,
) -> Pool:
    """The pool of ``recipe`` with reward models from ``catalogue``; ``model`` stands in for the recipe's own.

    Warns where a prompt has fewer than 50 effective samples at the recipe's beta with everybody truthful.
    """
    report = progress or (lambda done, steps, doing: None)
    steps = len(recipe.prompts) + len(recipe.rewards) + 1
    report(0, steps, "loading")
    judges = {choice.column: reward_model(choice, catalogue) for choice in recipe.rewards}  # first: they can fail
    sampler = model or _language_model(recipe)
    merged, withheld = [], []
    law = (recipe.samples + recipe.spare, recipe.max_tokens, recipe.temperature, recipe.seed)
    for done, prompt in enumerate(recipe.prompts, start=1):
        report(done, steps, f"sampling: {prompt}")
        kept, left_out = withhold(sampler.sample(prompt, *law), recipe.withhold, recipe.samples)
        merged.append(merge(kept))
        withheld.append(left_out)
    rewards = {}
    for done, (label, judge) in enumerate(judges.items(), start=1 + len(recipe.prompts)):
        report(done, steps, f"scoring: {label}")
        rewards[label] = padded([judge(row.texts) for row in merged])
    report(steps, steps, "done")
    record = {
        "model": ModelRecord(name=recipe.model, sha256=weights_sha256(sampler)),
        "withheld": tuple(withheld),
    }
    return assemble(recipe, merged, rewards, judges, record)


def reward_model(choice: RewardChoice, catalogue: dict[str, Callable[..., RewardModel]]) -> RewardModel:
    """The catalogue's reward model of that name, with the options of ``choice``."""
    if choice.name not in catalogue:
        raise ValueError(unknown("reward", choice.name, catalogue))
    try:
        return validate_call(catalogue[choice.name])(**choice.options)
    except ValidationError as wrong:
        raise ValueError(f"reward {choice.name!r}, options: {sentence(wrong)}") from wrong


def assemble(
    recipe: Recipe,
    merged: Sequence[Merged],
    rewards: dict[str, Tensor],
    judges: dict[str, RewardModel],
    sampled: dict[str, Any],
) -> Pool:
    """Arrays and manifest put together; ``sampled``: the manifest's ``model`` and ``withheld``."""
    counts = padded([row.counts for row in merged])
    sizes = sample_sizes(counts, rewards, recipe.beta)
    if sizes.thin_prompts:
        text = ", ".join(f"{p}: {sizes.truthful[p]:.1f}" for p in sizes.thin_prompts)
        warnings.warn(f"fewer than {ENOUGH} effective samples at beta {recipe.beta} (prompt: {text})", stacklevel=3)
    chosen = zip(recipe.rewards, judges.values(), strict=True)
    manifest = Manifest(
        schema_version=1,
        created=datetime.now(UTC).date().isoformat(),
        rewards=tuple(_record(choice, judge) for choice, judge in chosen),
        effective_sample_size=sizes,
        packages=_versions("torch", "transformers", "tokenizers", "numpy"),
        **sampled,
        **recipe.model_dump(exclude={"model", "rewards"}),
    )
    return Pool(
        name=recipe.name,
        prompts=recipe.prompts,
        responses=tuple(row.texts for row in merged),
        counts=counts,
        log_probabilities=padded([row.log_probabilities for row in merged]),
        reference=counts.double() / counts.sum(-1, keepdim=True),
        rewards=rewards,
        manifest=manifest.model_dump(mode="json"),
    )


def sample_sizes(counts: Tensor, rewards: dict[str, Tensor], beta: float) -> EffectiveSampleSize:
    """Effective samples of every prompt with all weights 1, and with each reward in turn at weight 4."""
    total = torch.stack(list(rewards.values())).sum(0)
    truthful = tuple(effective_sample_size(counts, total, beta).tolist())
    lies = {label: total + (OVERSTATED - 1.0) * value for label, value in rewards.items()}
    return EffectiveSampleSize(
        truthful=truthful,
        overstated={label: tuple(effective_sample_size(counts, lie, beta).tolist()) for label, lie in lies.items()},
        thin_prompts=tuple(p for p, size in enumerate(truthful) if size < ENOUGH),
    )


def padded(rows: Sequence[NDArray[Any]]) -> Tensor:
    """Rows of different lengths as ``[P, K]``, zeros at the end."""
    longest = max(map(len, rows))
    return torch.from_numpy(np.stack([np.pad(row, (0, longest - len(row))) for row in rows]))


def weights_sha256(sampler: Sampler) -> str | None:
    """sha256 over name, type, shape and bytes of every weight, sorted by name; None for a stand-in."""
    if not isinstance(sampler, LanguageModel):
        return None
    digest = hashlib.sha256()
    for name, weight in sorted(sampler.model.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        digest.update(weight.detach().cpu().contiguous().flatten().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _language_model(recipe: Recipe) -> LanguageModel:
    model = load(recipe.model)
    if recipe.template == "chat" and model.template == "raw":
        raise ValueError(f"template is 'chat', but model {recipe.model!r} has no chat template; allowed is 'raw'")
    return replace(model, template=recipe.template)


def _record(choice: RewardChoice, judge: RewardModel) -> RewardRecord:
    return RewardRecord(
        label=choice.column,
        name=choice.name,
        options=choice.options,
        description=judge.description,
        package=judge.package,
        version=judge.version(),
        low=judge.low,
        high=judge.high,
    )


def _versions(*packages: str) -> dict[str, str]:
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found
