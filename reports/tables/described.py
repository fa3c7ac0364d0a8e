"""What a page says in words, as tables: the model description and the checklist."""

import pandas as pd

from reports.checklist import checklist
from reports.comparisons import Comparisons
from reports.odd import ELEMENTS
from reports.study import Study


def model_description(study: Study) -> pd.DataFrame:
    """``element, about, says, source`` of the seven ODD elements; the source ``gap`` is for a person to fill."""
    rows = [
        (element, statement.about, statement.says, statement.source)
        for element, of in ELEMENTS.items()
        for statement in of(study)
    ]
    return pd.DataFrame(rows, columns=["element", "about", "says", "source"])


def checklist_table(study: Study) -> pd.DataFrame:
    """``asked, answer, why``."""
    rows = [(item.asked, item.answer, item.why) for item in checklist(Comparisons(study))]
    return pd.DataFrame(rows, columns=["asked", "answer", "why"])
