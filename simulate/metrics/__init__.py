"""Catalogue of metrics; the means are over settled play, the last fifth of the rounds, unless they say otherwise."""

from simulate.metrics.base import Metric, average, settled
from simulate.metrics.convergence_round import convergence_round
from simulate.metrics.cycling import cycling
from simulate.metrics.external_regret import external_regret
from simulate.metrics.time_to_epsilon import censored, time_to_epsilon

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
    # where play settles
    "exploitability": Metric(
        "sum over agents of the most that a catalogued lie would add (at least this is NashConv)",
        settled("exploitability"),
        "lower",
    ),
    "equilibrium_distance": Metric(
        "how far the reports are from the nearest pure equilibrium of the agents' menus: sum |w'r' - w*r*| / sum |wr|",
        settled("equilibrium_distance"),
    ),
    # of those that got there at all: to compare means where some did not would favour who seldom does
    "time_to_epsilon": Metric(
        "first measured round from which exploitability stays within 1 % of social welfare", time_to_epsilon
    ),
    "censored": Metric("1 where that round was not reached: the mean is the share of replicates", censored, "lower"),
    "external_regret": Metric(
        "what the best single lie in hindsight would have added a round, mean over agents (estimated)",
        external_regret,
        "lower",
    ),
    "cycling": Metric("period of the lies' sizes in rounds, where they go round in circles", cycling),
    # what misreporting costs, and whom
    "welfare_loss_average": Metric("welfare loss over all rounds, from the first", average("welfare_loss"), "lower"),
    "loss_from_rule": Metric(
        "affine social welfare that the rule gives up, trained on the truth", settled("loss_from_rule"), "lower"
    ),
    "loss_from_lies": Metric("affine social welfare that misreporting takes away", settled("loss_from_lies"), "lower"),
    "optimality_gap": Metric(
        "what the deployed fine-tune lacks of the best objective at the reports", settled("optimality_gap"), "lower"
    ),
    "incentive_gap": Metric(
        "what a fine-tune on the truth lacks of the best objective: no lie gains more under the affine maximizer",
        settled("incentive_gap"),
        "lower",
    ),
    "utility_change": Metric("utility minus what it would be if all told the truth", settled("utility_change")),
}
