"""One agent whose wish the others grant anyway: what does it pay, and what does it say?"""

free_rider = {
    "name": "free_rider",
    "summary": "three agents share a wish, one of them can rest on the others; a fourth disagrees",
    "reference": [0.25, 0.25, 0.25, 0.25],
    "agents": [
        {"name": "giver-1", "rewards": [1.0, 0.6, 0.2, 0.0], "weight": 2.0},
        {"name": "giver-2", "rewards": [1.0, 0.5, 0.3, 0.0], "weight": 2.0},
        {"name": "rider", "rewards": [1.0, 0.6, 0.2, 0.0], "weight": 2.0, "strategy": "best_response"},
        {"name": "dissenter", "rewards": [0.0, 0.2, 0.6, 1.0], "weight": 1.0},
    ],
    "messages": {"rewards": "max_one", "max_weight": 10.0},
    "mechanism": {"beta": 0.5},
    "rounds": 50,
    "replicates": 4,
    "information": "outcome",
}
