"""A thousand agents of three types."""

three_crowds = {
    "name": "three_crowds",
    "summary": "1,000 agents of three types on eight responses; each alone hardly matters, and can still overstate",
    "reference": [0.05, 0.1, 0.15, 0.2, 0.2, 0.15, 0.1, 0.05],
    "agents": [
        {"name": "cautious", "rewards": [1.0, 0.9, 0.7, 0.5, 0.3, 0.2, 0.1, 0.0], "weight": 0.01, "count": 450},
        {"name": "bold", "rewards": [0.0, 0.0, 0.1, 0.2, 0.4, 0.6, 0.9, 1.0], "weight": 0.01, "count": 350},
        {"name": "plain", "rewards": [0.0, 0.3, 0.8, 1.0, 1.0, 0.8, 0.3, 0.0], "weight": 0.01, "count": 200},
    ],
    "messages": {"rewards": "max_one", "max_weight": 10.0},
    "mechanism": {"beta": 0.3},
    "rounds": 50,
    "replicates": 1,
    "information": "outcome",
}
