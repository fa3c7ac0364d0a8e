"""One group under several names: truth is every name's dominant report, and the group lies.

An alias is an agent of true weight 0 with its group's strategy; the group's utility is the sum over its names.
No name may claim more than the group's true weight, so that names are the only lie left to it.
"""

aliases = {
    "name": "aliases",
    "summary": "one of three groups signs up under four names: under vcg that pays, though no name alone could lie",
    "reference": [0.1, 0.2, 0.2, 0.2, 0.2, 0.1],
    "agents": [
        {"name": "left", "rewards": [1.0, 0.8, 0.5, 0.2, 0.1, 0.0], "weight": 2.0, "strategy": "false_name"},
        {
            "name": "left-alias",
            "rewards": [1.0, 0.8, 0.5, 0.2, 0.1, 0.0],
            "weight": 0.0,
            "strategy": "false_name",
            "count": 3,
        },
        {"name": "right", "rewards": [0.0, 0.1, 0.2, 0.5, 0.8, 1.0], "weight": 2.0},
        {"name": "moderate", "rewards": [0.0, 0.3, 1.0, 1.0, 0.3, 0.0], "weight": 1.0},
    ],
    "messages": {"rewards": "max_one", "max_weight": 2.0},
    "mechanism": {"beta": 0.3},
    "rounds": 20,
    "replicates": 4,
    "information": "full",
}
