"""Which axioms a mechanism claims, as data: what its rule is, and what the pair of rules adds.

Claims are made for non-negative rewards (arXiv 2405.16276, section 3).  `trueward audit` puts them to the test, and
looks for a witness against every axiom that is not claimed.
"""

from __future__ import annotations

_IMPLEMENTABLE = {"weakly_monotone", "cyclically_monotone", "loop_free"}
_TRUTHFUL = {"incentive_compatible", "bayes_incentive_compatible", "payment_equivalent"}
_RATIONAL = {"individually_rational", "no_deficit"}
_FREE = _RATIONAL | {"budget_balanced"}  # nobody pays

# Of the training rule, whatever is charged.
RULE_CLAIMS: dict[str, set[str]] = {
    "social_welfare": _IMPLEMENTABLE | {"efficient"},
    "sink": _IMPLEMENTABLE,
    "best_of_n_dictator": _IMPLEMENTABLE,
    "sampled_duple": _IMPLEMENTABLE,
    "vote_share_duple": _IMPLEMENTABLE,
    "voting_by_issues": _IMPLEMENTABLE,
    "proportional_borda": _IMPLEMENTABLE,
}

# What a payment adds to a rule.
PAIR_CLAIMS: dict[tuple[str, str], set[str]] = {
    ("social_welfare", "affine_maximizer"): _TRUTHFUL | _RATIONAL | {"participation", "noise_robust"},
    ("social_welfare", "cumulant"): _RATIONAL,
    ("social_welfare", "max_in_range"): _TRUTHFUL | _RATIONAL | {"participation", "noise_robust"},
    ("social_welfare", "early_stopped"): {"incentive_compatible"},
    ("social_welfare", "checkpoints"): _RATIONAL,
    ("social_welfare", "pay_as_reported"): _RATIONAL,
    ("social_welfare", "zero"): _FREE | {"participation"},
    ("social_welfare", "groves"): _TRUTHFUL | {"individually_rational", "participation", "noise_robust"},
    ("social_welfare", "mosaic"): _TRUTHFUL | {"noise_robust"},
    ("social_welfare", "bailey"): _TRUTHFUL | {"individually_rational", "participation", "noise_robust"},
    ("social_welfare", "cavallo"): _TRUTHFUL | _RATIONAL | {"participation", "noise_robust"},
    ("social_welfare", "agv"): {"bayes_incentive_compatible", "budget_balanced", "no_deficit"},
    ("sink", "sink"): _TRUTHFUL | _RATIONAL | {"budget_balanced"},
    ("best_of_n_dictator", "zero"): _TRUTHFUL | {"participation"},
    ("sampled_duple", "zero"): _TRUTHFUL | {"participation"},
    ("vote_share_duple", "zero"): _TRUTHFUL | {"participation"},
    ("voting_by_issues", "zero"): _TRUTHFUL | {"participation"},
    ("proportional_borda", "zero"): _TRUTHFUL | {"participation"},
    ("nash_welfare", "zero"): {"participation"},
    ("softmax_borda", "zero"): {"participation"},
    ("opinion_pool", "affine_maximizer"): {"no_deficit"},
    ("opinion_pool", "token_auction"): {"no_deficit"},
    ("opinion_pool", "segment_auction"): {"no_deficit"},
}

# Fine-tuners that maximise exactly over policies fixed before the reports arrive.
IN_RANGE = ("menu", "replies", "mixtures")
CLIMBING = ("mirror", "lora")  # whose policies never get worse along a run
KEPT = {"anonymous", "incentive_compatible"}  # by approximate training, in general
KEPT_BY: dict[str, set[str]] = {
    "max_in_range": {"anonymous", "no_deficit"},  # its regret has the gaps of the models without somebody as well
    "checkpoints": {"anonymous", "no_deficit", "individually_rational"},
    "cumulant": {"anonymous", "no_deficit", "individually_rational"},  # on any policy (Jensen)
}
BENDING = {"influence", "boosts", "status_quo"}  # options that make social welfare another objective
NAMING = {"influence", "relevance"}  # options that treat agents by name


def claims_of(training: str, payment: str, fine_tuner: str, options: frozenset[str]) -> frozenset[str]:
    """The axioms claimed; ``options`` are those of both rules that are spelled out.

    Rules that name nobody are anonymous; who pays nothing, runs no deficit.  Trained only approximately, a rule
    claims truthfulness up to its optimality gap, and nothing that depends on the optimum.
    """
    claimed = {"anonymous"} | RULE_CLAIMS.get(training, set()) | PAIR_CLAIMS.get((training, payment), set())
    if payment == "zero":
        claimed |= _FREE
    if payment == "learned":
        claimed |= _RATIONAL
    if options & BENDING or fine_tuner in IN_RANGE:
        claimed -= {"efficient"}
    if training == "softmax_borda" and fine_tuner in IN_RANGE:
        claimed -= {"participation"}  # one's ranks move probability up one's own order, but not along a menu
    if payment == "groves" and "constant" in options:
        claimed -= {"individually_rational", "participation"}
    if training == "sink" and fine_tuner not in ("exact", *IN_RANGE):
        claimed -= _TRUTHFUL  # its optimality gaps are those of n fine-tunes, which no allowance is made for
    if options & NAMING:
        claimed -= {"anonymous"}
    if fine_tuner not in ("exact", *IN_RANGE):
        claimed &= KEPT_BY.get(payment, KEPT) | (_FREE if payment == "zero" else set())
    if payment == "checkpoints" and fine_tuner not in CLIMBING:
        claimed -= {"individually_rational"}
    return frozenset(claimed)


# What no change of units takes away: an influence fixed before the reports is one, agent by agent.
_UNITLESS = frozenset(
    {
        "weakly_monotone",
        "cyclically_monotone",
        "loop_free",
        "incentive_compatible",
        "individually_rational",
        "participation",
    }
)


def kept_claims(claimed: frozenset[str], repeated: str, payment: str) -> frozenset[str]:
    """What a mechanism still claims of a round when it is repeated.

    `dynamic_pivot` is truthful over the rounds that it plans, not within one.  Truthful on average over a prior of
    equal influence (`agv`) is not truthful; deficits come back where bills of both signs change their units.  Where
    training starts from (`warm_start`) is settled before the reports, and changes no claim.
    """
    if repeated == "warm_start":
        return claimed
    if repeated == "dynamic_pivot":
        return claimed & {"anonymous", "no_deficit"}
    kept = _UNITLESS
    if "incentive_compatible" in claimed:
        kept |= {"bayes_incentive_compatible"}
    if payment in ("zero", "affine_maximizer"):
        kept |= {"no_deficit"}
    return claimed & (kept | {"budget_balanced"} if payment == "zero" else kept)
