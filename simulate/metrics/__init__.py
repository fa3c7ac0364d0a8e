"""Catalogue of metrics; the means are over settled play, the last fifth of the rounds."""

from simulate.metrics.base import Metric, settled
from simulate.metrics.convergence_round import convergence_round

METRICS: dict[str, Metric] = {
    "welfare_loss": Metric("best objective at the truth minus the one reached", settled("welfare_loss"), "lower"),
    "report_distance": Metric("size of the lies: sum |w'r' - wr| / sum |wr|", settled("report_distance"), "lower"),
    "utility_gain": Metric("gain over truth-telling against the same others", settled("utility_gain"), "lower"),
    "social_welfare": Metric("sum of true weight x E[reward]", settled("social_welfare"), "higher"),
    "objective": Metric("what the training rule maximises, at the truth", settled("objective"), "higher"),
    "revenue": Metric("sum of payments", settled("revenue")),
    "divergence": Metric("distance of the policy from the reference, before beta", settled("divergence")),
    "effective_sample_size": Metric(
        "of a pool's samples, how many the policy rests on (least over prompts)", settled("effective_sample_size")
    ),
    "convergence_round": Metric("first round from which the lies keep their size", convergence_round, "lower"),
}
