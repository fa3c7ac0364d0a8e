"""What a page says in words beside its numbers: everything that is made of sentences, for the templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reports.certainty import how_sure, what_it_costs
from reports.checklist import checklist
from reports.comparisons import Comparisons
from reports.inputs import inputs
from reports.odd import ELEMENTS
from reports.study import Study
from reports.training import study_options, training
from reports.worst import worst


def words(study: Study) -> Mapping[str, Any]:
    """By the names that the templates know."""
    comparisons = Comparisons(study)
    return {
        "pairs": comparisons.against_best(),
        "multiplicity": comparisons.sentences(),
        "how_sure": how_sure(comparisons),
        "what_it_costs": what_it_costs(study),
        "training": training(study),
        "training_options": study_options(study),
        "worst": worst(study).to_dict("records"),
        "odd": [(element, of(study)) for element, of in ELEMENTS.items()],
        "checklist": checklist(comparisons),
        "inputs": inputs(study),
    }
