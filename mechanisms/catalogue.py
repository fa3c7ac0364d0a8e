"""The catalogue of named mechanisms: a training rule, a payment rule, and one line each."""

from __future__ import annotations

from mechanisms.recipe import Recipe

MECHANISMS: dict[str, Recipe] = {
    # welfare, with and without payments
    "no_payment": Recipe(payment="zero", summary="maximise reported welfare, charge nothing: lying pays"),
    "pay_as_reported": Recipe(payment="pay_as_reported", summary="charge the reported valuation: agents shade"),
    "vcg": Recipe(payment="affine_maximizer", summary="charge the externality on the others: truth is dominant"),
    "groves": Recipe(payment="groves", summary="pay everybody the others' welfare, less a constant: truth is dominant"),
    "affine_maximizer": Recipe(
        {"name": "social_welfare", "status_quo": 0.5},
        summary="vcg that favours what the reference likes best: boosts fixed before the reports",
    ),
    "mosaic": Recipe(fine_tuner="replies", summary="vcg on 20 sampled replies: truthful at any number of them"),
    "mosaic_welfare": Recipe(
        fine_tuner="replies", payment="mosaic", summary="mosaic, each agent's rebate from a sample of its own"
    ),
    # what to do with the money
    "bailey": Recipe(payment="bailey", summary="vcg, giving everybody 1/n of the revenue without them"),
    "cavallo": Recipe(payment="cavallo", summary="vcg, giving everybody 1/n of the revenue they cannot avoid"),
    "sink": Recipe("sink", payment="sink", summary="leave one agent out at random, and pay it what the others owe"),
    "agv": Recipe(payment="agv", summary="charge expected externalities: balanced, truthful on average only"),
    "dynamic_pivot": Recipe(
        repeated="dynamic_pivot",
        summary="vcg that plans three rounds ahead of a drifting reference: truth pays in total",
    ),
    # other welfares: no payment can make them truthful
    "egalitarian": Recipe("egalitarian", payment="zero", summary="maximise the least expected reward"),
    "leximin": Recipe("leximin", payment="zero", summary="maximise the least expected reward, then the next"),
    "nash_welfare": Recipe("nash_welfare", payment="zero", summary="maximise the product of expected rewards"),
    "generalized_mean": Recipe("generalized_mean", payment="zero", summary="aggregate rewards by log-mean-exp"),
    "median": Recipe("median", payment="zero", summary="train on the median reward of every response"),
    "opinion_pool": Recipe("opinion_pool", summary="pool what each agent alone would train, charge divergence costs"),
    "pessimistic_median": Recipe(
        "pessimistic_median", payment="zero", summary="decide each pair by the median of estimates, if it is sure"
    ),
    # truthful without money
    "best_of_n_dictator": Recipe(
        "best_of_n_dictator", payment="zero", summary="a random agent picks the best of eight replies"
    ),
    "sampled_duple": Recipe("sampled_duple", payment="zero", summary="two replies, the majority picks one"),
    "vote_share_duple": Recipe(
        "vote_share_duple", payment="zero", summary="two replies, one is drawn by share of votes"
    ),
    "voting_by_issues": Recipe(
        "voting_by_issues", payment="zero", summary="two replies, the likelier one stays unless two thirds object"
    ),
    "proportional_borda": Recipe(
        "proportional_borda", payment="zero", summary="probability in proportion to the sum of ranks"
    ),
    # social choice on the comparisons that rewards induce
    "softmax_borda": Recipe("softmax_borda", payment="zero", summary="train on the share of duels won (RLHF by votes)"),
    "copeland": Recipe("copeland", payment="zero", summary="train on the number of rivals beaten"),
    "maximal_lottery": Recipe("maximal_lottery", payment="zero", summary="the lottery no other beats by majority"),
    "nash_learning": Recipe("nash_learning", payment="zero", summary="the policy that no policy is preferred to"),
    "proportional_beta": Recipe(
        "proportional_beta", payment="zero", summary="probability by the worst duel: proportional to population"
    ),
    # bids that steer generation
    "token_auction": Recipe(
        "opinion_pool", payment="token_auction", summary="mix the agents' models by bids, charge critical bids"
    ),
    "segment_auction": Recipe(
        "opinion_pool", payment="segment_auction", summary="give replies to bidders by bid share, Myerson prices"
    ),
}
