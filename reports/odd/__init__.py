"""Catalogue of the ODD protocol: the seven elements of a model description, in their order.

Grimm et al. (2020), "The ODD protocol for describing agent-based and other simulation models: a second update to
improve clarity, replication, and structural realism", JASSS 23(2) 7.
"""

from collections.abc import Callable

from reports.odd.concepts import concepts
from reports.odd.entities import entities
from reports.odd.initialization import initialization
from reports.odd.input_data import input_data
from reports.odd.process import process
from reports.odd.purpose import purpose
from reports.odd.statement import Statement
from reports.odd.submodels import submodels
from reports.study import Study

ELEMENTS: dict[str, Callable[[Study], list[Statement]]] = {
    "Purpose and patterns": purpose,
    "Entities, state variables and scales": entities,
    "Process overview and scheduling": process,
    "Design concepts": concepts,
    "Initialization": initialization,
    "Input data": input_data,
    "Submodels": submodels,
}
