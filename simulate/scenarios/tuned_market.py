"""Three groups who want different letters of a language model that is really trained, and learn how much to claim.

The model is so small that all 31 responses of at most two letters are candidates: every expectation is exact, the
training is not.  All that an agent sees of a round is its own utility.
"""

SIZE = {"random": {"low": 0.5, "high": 1.5}}  # every replicate is a market of other group sizes
LEARNER = {"name": "epsilon_greedy", "menu": "overstate", "epsilon": 0.1}

tuned_market = {
    "name": "tuned_market",
    "summary": "every round fine-tunes a small language model; three groups learn from what comes back",
    "reference": {"language_model": "enumerable", "length": 2},
    "agents": [
        {
            "name": "early",
            "rewards": {"reward": {"name": "letters", "characters": "ab"}},
            "weight": SIZE,
            "strategy": LEARNER,
        },
        {
            "name": "middle",
            "rewards": {"reward": {"name": "letters", "characters": "cd"}},
            "weight": SIZE,
            "strategy": LEARNER,
        },
        {
            "name": "late",
            "rewards": {"reward": {"name": "letters", "characters": "e"}},
            "weight": SIZE,
            "strategy": LEARNER,
        },
    ],
    "messages": {"rewards": "unit_box", "max_weight": 8.0},
    "mechanism": {"beta": 0.5, "fine_tuner": {"name": "lora", "steps": 8, "rate": 0.05}},
    "rounds": 24,
    "replicates": 8,
    "information": "bandit",
    "exploitability": 0,  # it would train a model for every lie of every menu
}
