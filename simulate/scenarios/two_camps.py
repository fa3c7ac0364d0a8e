"""Two camps who want opposite things, and a moderate between them."""

two_camps = {
    "name": "two_camps",
    "summary": "two opposed camps and a moderate on six responses; everybody hedges over weights",
    "reference": [0.1, 0.2, 0.2, 0.2, 0.2, 0.1],
    "agents": [
        {"name": "left", "rewards": [1.0, 0.8, 0.5, 0.2, 0.1, 0.0], "weight": 2.0, "strategy": "hedge"},
        {"name": "right", "rewards": [0.0, 0.1, 0.2, 0.5, 0.8, 1.0], "weight": 2.0, "strategy": "hedge"},
        {"name": "moderate", "rewards": [0.0, 0.3, 1.0, 1.0, 0.3, 0.0], "weight": 1.0, "strategy": "hedge"},
    ],
    "messages": {"rewards": "max_one", "max_weight": 10.0},
    "mechanism": {"beta": 0.3},
    "rounds": 200,
    "replicates": 20,
    "information": "outcome",
}
