"""Two groups want another tone of SmolLM2: minutes on a CPU; the model is fetched on first use.

The prompts have as many tokens as each other, so that they go through the model together.  With beta 0.25, fewer than
50 of 240 responses to a prompt decide what the plain would pay.
"""

two_tones = {
    "name": "two_tones",
    "summary": "one group wants cheerful answers, the other plain ones, and SmolLM2 is fine-tuned for both",
    "reference": {
        "language_model": "SmolLM2-135M-Instruct",
        "prompts": ["My new neighbour is", "The old museum is", "The weather today is"],
        "max_tokens": 16,
        "temperature": 0.8,
    },
    "agents": [
        {"name": "cheerful", "rewards": {"reward": "positivity"}},
        {"name": "plain", "rewards": {"reward": "readability"}},
    ],
    "messages": {"rewards": "unit_box"},
    "mechanism": {
        "beta": 0.35,
        "fine_tuner": {
            "name": "rloo",
            "steps": 18,
            "samples": 16,
            "rate": 0.004,
            "rank": 8,
            "layers": 8,
            "micro_batch": 16,
            "evaluation": 180,
        },
        "payment": "affine_maximizer",
    },
}
