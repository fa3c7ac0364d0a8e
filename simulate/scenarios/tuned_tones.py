"""Three kinds of readers, two prompts of `story_tones`: every round fine-tunes SmolLM2 on eight of its own responses.

The responses were sampled from the model, each of them once, so the reference is uniform over them: the empirical law
of the sample.  Adapters in the last two blocks; the blocks before them run once.  Needs `pip install 'trueward[lm]'`
and, at first use, a download of 93 MB.
"""

SIZE = {"random": {"low": 0.5, "high": 1.5}}  # every replicate is a market of other group sizes
LEARNER = {"name": "epsilon_greedy", "menu": "overstate", "epsilon": 0.1}
POSTCARD = (
    "Beach: Awe-inspiring and unforgiving.",
    "A message from the sky, a sea of promise, I'm ready.",
    '"A happy, mermaid-inspired ocean-themed postcard from the beach!',
    "The Sea of Jumble lies at the edge of my world, a cruel cruel sea that is.",
)
SOUP = (
    "I was too greedy for the soup!",
    "I'm so glad I can have a cold soup, and I'm worried about it.",
    "I'm disappointed that the multicolored soup was served with our menu items.",
    "She didn't even give me a decent cold soup, but she made a pretty good friend.",
)

tuned_tones = {
    "name": "tuned_tones",
    "summary": "every round fine-tunes SmolLM2 on eight responses; three kinds of readers learn from what comes back",
    "reference": {
        "prompts": [
            "Write one short sentence for a postcard from the sea.",
            "Write one short sentence to complain about a cold soup.",
        ],
        "responses": [list(POSTCARD), list(SOUP)],
    },
    "agents": [
        {"name": "cheerful", "rewards": {"reward": "positivity"}, "weight": SIZE, "strategy": LEARNER},
        {"name": "opinionated", "rewards": {"reward": "subjectivity"}, "weight": SIZE, "strategy": LEARNER},
        {"name": "plain", "rewards": {"reward": "readability"}, "weight": SIZE, "strategy": LEARNER},
    ],
    "messages": {"rewards": "unit_box", "max_weight": 8.0},
    "mechanism": {
        "beta": 0.3,
        "fine_tuner": {"name": "lora", "model": "SmolLM2-135M-Instruct", "layers": 2, "steps": 6, "rate": 0.005},
    },
    "rounds": 10,
    "replicates": 2,
    "information": "bandit",
    "exploitability": 0,
}
