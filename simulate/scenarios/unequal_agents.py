"""Three agents of very different weight, whose rewards nobody knows beforehand: something to design for."""

unequal_agents = {
    "name": "unequal_agents",
    "summary": "weights 1, 2 and 4, rewards drawn afresh for every replicate: which mechanism earns its keep?",
    "reference": {"random": {"responses": 8}},
    "agents": [
        {"name": "small", "rewards": {"random": {}}, "weight": 1.0},
        {"name": "middle", "rewards": {"random": {}}, "weight": 2.0},
        {"name": "large", "rewards": {"random": {}}, "weight": 4.0},
    ],
    "messages": {"rewards": "unit_box", "max_weight": 10.0},
    "mechanism": {"beta": 1.0},
    "rounds": 50,
    "replicates": 20,
}
