"""Two groups want another tone of SmolLM2: minutes on a CPU; the model is fetched on first use."""

two_tones = {
    "name": "two_tones",
    "summary": "one group wants cheerful answers, the other plain ones, and SmolLM2 is fine-tuned for both",
    "reference": {
        "language_model": "SmolLM2-135M-Instruct",
        "prompts": ["My new neighbour is", "The museum opens", "On the last day of summer"],
        "max_tokens": 16,
        "temperature": 0.8,
    },
    "agents": [
        {"name": "cheerful", "rewards": {"reward": "positivity"}},
        {"name": "plain", "rewards": {"reward": "readability"}},
    ],
    "messages": {"rewards": "unit_box"},
    "mechanism": {
        "beta": 0.25,
        "fine_tuner": {
            "name": "rloo",
            "steps": 40,
            "samples": 12,
            "rate": 0.002,
            "rank": 8,
            "layers": 8,
            "micro_batch": 12,
            "evaluation": 300,
        },
        "payment": "affine_maximizer",
    },
}
