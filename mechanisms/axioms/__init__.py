"""Catalogue of axioms: what a mechanism may claim."""

from mechanisms.axioms.base import Axiom
from mechanisms.axioms.incentive_compatible import incentive_compatible
from mechanisms.axioms.individually_rational import individually_rational
from mechanisms.axioms.no_deficit import no_deficit

AXIOMS: dict[str, Axiom] = {
    "incentive_compatible": incentive_compatible,
    "individually_rational": individually_rational,
    "no_deficit": no_deficit,
}
