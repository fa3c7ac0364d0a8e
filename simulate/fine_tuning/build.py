"""From a plan to what is trained: the language model, the judges, the climb."""

from __future__ import annotations

import torch

from mechanisms.fine_tuners.training.estimators import ESTIMATORS
from mechanisms.fine_tuners.training.open_text import Climb, OpenText
from mechanisms.language_models.ascent import Schedule
from mechanisms.language_models.candidate_law import language_model
from mechanisms.language_models.enumerable import ENUMERABLE, can_spell
from mechanisms.language_models.language_model import LanguageModel
from simulate.errors import BadInput, shorten
from simulate.fine_tuning.panel import panel_of
from simulate.fine_tuning.plan import OpenReference, Plan


def built(plan: Plan, device: str = "cpu") -> Climb:
    """One adapter climbs the reported welfare; true rewards are judged beside it, at weight 0.  Raises BadInput."""
    panel = panel_of(plan.parties)  # first: it fails sooner than a model is loaded
    law = _law(plan, device)
    reported = [party.reported_weight for party in plan.parties]
    tuner = plan.tuner
    return Climb(
        law,
        panel,
        torch.tensor([reported + [0.0] * len(reported)], dtype=torch.float64),
        plan.beta,
        ESTIMATORS[tuner.estimator],
        Schedule(tuner.steps, tuner.rate, tuner.clip, tuner.warm_up),
        tuner.samples,
        plan.seed,
        tuner.micro_batch,
    )


def _law(plan: Plan, device: str) -> OpenText:
    given = plan.reference
    try:
        model = language_model(given.language_model, device)
    except ValueError as error:
        raise BadInput(f"reference.language_model: {error}") from None
    _require_readable(given, model)
    weights = torch.tensor(plan.prompt_weights, dtype=torch.float64)
    return OpenText(model, tuple(given.prompts), weights, given.max_tokens, given.temperature)


def _require_readable(given: OpenReference, model: LanguageModel) -> None:
    places = getattr(model.model.config, "max_position_embeddings", None)
    for prompt in given.prompts:
        if given.language_model == ENUMERABLE and not can_spell(prompt):
            raise BadInput(f"reference.prompts has {shorten(prompt)}; the model {ENUMERABLE} reads the letters a to e")
        read = model.prompt_ids(prompt).shape[-1]
        if places is not None and read + given.max_tokens > places:
            raise BadInput(
                f"reference.max_tokens is {given.max_tokens}; after {read} tokens of prompt the model has room for "
                f"{max(0, places - read)} of its {places}"
            )
