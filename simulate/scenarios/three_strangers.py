"""Three agents about whom nothing is known: what every catalogued mechanism is audited on."""

three_strangers = {
    "name": "three_strangers",
    "summary": "three agents with random rewards on five responses: the ground of the claims matrix",
    "reference": {"random": {"responses": 5, "concentration": 2.0}},
    "agents": [
        {"name": "a", "rewards": {"random": {}}, "weight": 1.0},
        {"name": "b", "rewards": {"random": {}}, "weight": 2.0},
        {"name": "c", "rewards": {"random": {}}, "weight": 1.5},
    ],
    "messages": {"rewards": "unit_box", "max_weight": 10.0},
    "mechanism": {"beta": 0.3},
    "rounds": 100,
    "replicates": 8,
    "information": "outcome",
}
