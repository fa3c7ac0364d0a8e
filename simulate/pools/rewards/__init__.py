"""Reward models by name: options in, a `RewardModel` out; a new one is a file and a line."""

from collections.abc import Callable

from simulate.pools.rewards.brevity import brevity
from simulate.pools.rewards.classifier import classifier
from simulate.pools.rewards.constant import constant
from simulate.pools.rewards.harmlessness import harmlessness
from simulate.pools.rewards.letters import letters
from simulate.pools.rewards.linear import linear
from simulate.pools.rewards.linear_head import linear_head
from simulate.pools.rewards.matches import matches
from simulate.pools.rewards.persona import persona
from simulate.pools.rewards.positivity import positivity
from simulate.pools.rewards.readability import readability
from simulate.pools.rewards.reward_model import RewardModel
from simulate.pools.rewards.subjectivity import subjectivity
from simulate.pools.rewards.words import words

# In Python one adds one's own by `REWARDS["mine"] = factory`; a file names what is listed here, never a path to code.
REWARDS: dict[str, Callable[..., RewardModel]] = {
    "positivity": positivity,
    "harmlessness": harmlessness,
    "subjectivity": subjectivity,
    "persona": persona,
    "readability": readability,
    "brevity": brevity,
    "words": words,
    "matches": matches,
    "letters": letters,
    "constant": constant,
    "linear": linear,
    "classifier": classifier,
    "linear_head": linear_head,
}
