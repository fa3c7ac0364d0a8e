"""Five groups of readers who want different tones of the same language model; its own responses, real scores.

beta is the pool's: with everybody truthful at weight 1 the policy rests on at least 248 of 440 samples per prompt,
and on 58 if one group counts four times; what exaggeration by all leaves of them is measured in every round.
"""

SIZE = {"random": {"low": 0.5, "high": 1.5}}  # every replicate is a market of other group sizes

story_tones = {
    "name": "story_tones",
    "summary": "five groups of readers want different tones of SmolLM2's stories; all learn to lie",
    "reference": {"pool": "story_tones"},
    "agents": [
        {"name": "cheerful", "weight": SIZE, "rewards": {"model": "positivity"}, "strategy": "hedge"},
        {
            "name": "opinionated",
            "rewards": {"model": "subjectivity"},
            "strategy": {"name": "hedge", "menu": "polarise"},
        },
        {"name": "calm", "weight": SIZE, "rewards": {"model": "calm"}, "strategy": "hedge"},
        {"name": "thrilled", "weight": SIZE, "rewards": {"model": "thrilling"}, "strategy": "gradient_ascent"},
        {"name": "plain", "weight": SIZE, "rewards": {"model": "readability"}, "strategy": "hedge"},
    ],
    "messages": {"rewards": "unit_box", "max_weight": 4.0},
    "mechanism": {"beta": 0.7},
    "rounds": 200,
    "replicates": 20,
    "information": "outcome",
}
