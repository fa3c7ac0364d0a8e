"""Catalogue of axioms: what a mechanism may claim."""

from mechanisms.axioms.anonymous import anonymous
from mechanisms.axioms.base import Axiom
from mechanisms.axioms.bayes_incentive_compatible import bayes_incentive_compatible
from mechanisms.axioms.budget_balanced import budget_balanced
from mechanisms.axioms.collusion_proof import collusion_proof
from mechanisms.axioms.cyclically_monotone import cyclically_monotone
from mechanisms.axioms.efficient import efficient
from mechanisms.axioms.false_name_proof import false_name_proof
from mechanisms.axioms.incentive_compatible import incentive_compatible
from mechanisms.axioms.individually_rational import individually_rational
from mechanisms.axioms.loop_free import loop_free
from mechanisms.axioms.no_deficit import no_deficit
from mechanisms.axioms.noise_robust import noise_robust
from mechanisms.axioms.participation import participation
from mechanisms.axioms.payment_equivalent import payment_equivalent
from mechanisms.axioms.weakly_monotone import weakly_monotone

AXIOMS: dict[str, Axiom] = {
    "incentive_compatible": incentive_compatible,
    "bayes_incentive_compatible": bayes_incentive_compatible,
    "individually_rational": individually_rational,
    "participation": participation,
    "no_deficit": no_deficit,
    "budget_balanced": budget_balanced,
    "efficient": efficient,
    "weakly_monotone": weakly_monotone,
    "cyclically_monotone": cyclically_monotone,
    "loop_free": loop_free,
    "payment_equivalent": payment_equivalent,
    "collusion_proof": collusion_proof,
    "false_name_proof": false_name_proof,
    "anonymous": anonymous,
    "noise_robust": noise_robust,
}
