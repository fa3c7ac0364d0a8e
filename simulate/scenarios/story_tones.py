"""Five groups of readers who want different tones of the same language model; its own responses, real scores."""

story_tones = {
    "name": "story_tones",
    "summary": "five groups of readers want different tones of SmolLM2's stories; all learn to lie",
    "reference": {"pool": "story_tones"},
    "agents": [
        {"name": "cheerful", "rewards": {"model": "positivity"}, "strategy": "hedge"},
        {
            "name": "opinionated",
            "rewards": {"model": "subjectivity"},
            "strategy": {"name": "hedge", "menu": "polarise"},
        },
        {"name": "calm", "rewards": {"model": "calm"}, "strategy": "hedge"},
        {"name": "thrilled", "rewards": {"model": "thrilling"}, "strategy": "gradient_ascent"},
        {"name": "plain", "rewards": {"model": "readability"}, "strategy": "hedge"},
    ],
    "messages": {"rewards": "unit_box", "max_weight": 4.0},
    "mechanism": {"beta": 0.7},
    "rounds": 200,
    "replicates": 20,
    "information": "outcome",
}
