"""Random games for Hypothesis: small enough to shrink, spread enough to hurt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from hypothesis import strategies as st

from mechanisms.reference import Reference
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class Game:
    reference: Reference
    truth: Valuation
    beta: float
    seed: int


@st.composite
def games(draw, max_agents: int = 4, max_prompts: int = 2, max_responses: int = 6, spread: float = 30.0) -> Game:
    """Rewards in [0, 1]; beta down to 1 / spread; some weights zero; the last response of a prompt may be padding."""
    seed = draw(st.integers(0, 2**32 - 1))
    n = draw(st.integers(1, max_agents))
    prompts = draw(st.integers(1, max_prompts))
    responses = draw(st.integers(2, max_responses))
    beta = draw(st.floats(1 / spread, 10.0))
    rng = np.random.default_rng(seed)
    policy = rng.dirichlet(np.full(responses, draw(st.sampled_from([0.3, 1.0, 10.0]))), size=prompts)
    if responses > 2 and draw(st.booleans()):
        policy[-1, -1] = 0.0
    policy = policy / policy.sum(-1, keepdims=True)
    rewards = rng.random((n, prompts, responses))
    weights = rng.uniform(0.1, 3.0, n)
    if n > 1 and draw(st.booleans()):
        weights[0] = 0.0
    return Game(
        Reference.of(torch.from_numpy(policy)),
        Valuation(torch.from_numpy(rewards), torch.from_numpy(weights)),
        beta,
        seed,
    )


def random_lies(game: Game, count: int) -> Valuation:
    """``count`` lies for each agent, about rewards and weights jointly: axes ``[count, n]``."""
    rng = np.random.default_rng(game.seed + 1)
    n, prompts, responses = game.truth.rewards.shape
    fresh = torch.from_numpy(rng.random((count, n, prompts, responses)))
    near = game.truth.rewards + 0.1 * (fresh - 0.5)
    scaled = game.truth.rewards * torch.from_numpy(rng.uniform(0, 3, (count, n, 1, 1)))
    pick = torch.from_numpy(rng.integers(3, size=(count, n, 1, 1)))
    rewards = torch.where(pick == 0, fresh, torch.where(pick == 1, near, scaled))
    factors = torch.from_numpy(rng.choice([0.0, 0.5, 1.0, 1.0, 2.0, 10.0], size=(count, n)))
    return Valuation(rewards, game.truth.weights * factors)
