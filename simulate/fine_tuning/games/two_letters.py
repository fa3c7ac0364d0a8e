"""Two groups with favourite letters, on the language model whose every response can be listed: seconds, no download."""

two_letters = {
    "name": "two_letters",
    "summary": "two groups have favourite letters, and a tiny language model learns to write them",
    "reference": {"language_model": "enumerable", "prompts": ["", "cab"], "max_tokens": 3, "temperature": 1.0},
    "agents": [
        {"name": "first", "rewards": {"reward": {"name": "letters", "characters": "ab"}}},
        {"name": "last", "rewards": {"reward": {"name": "letters", "characters": "de"}}},
    ],
    "messages": {"rewards": "unit_box"},
    "mechanism": {
        "beta": 0.4,
        "fine_tuner": {"name": "rloo", "steps": 60, "samples": 32, "rate": 0.02, "evaluation": 1024},
        "payment": "affine_maximizer",
    },
}
