"""Reward models that work offline: options in, a `RewardModel` out; a new one is a file and a line."""

from collections.abc import Callable

from simulate.pools.rewards.brevity import brevity
from simulate.pools.rewards.harmlessness import harmlessness
from simulate.pools.rewards.persona import persona
from simulate.pools.rewards.positivity import positivity
from simulate.pools.rewards.readability import readability
from simulate.pools.rewards.reward_model import RewardModel
from simulate.pools.rewards.subjectivity import subjectivity

REWARDS: dict[str, Callable[..., RewardModel]] = {
    "positivity": positivity,
    "harmlessness": harmlessness,
    "subjectivity": subjectivity,
    "persona": persona,
    "readability": readability,
    "brevity": brevity,
}
