"""Random games for Hypothesis: small enough to shrink, spread enough to hurt."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch
from hypothesis import strategies as st

from mechanisms import MESSAGES
from mechanisms.axioms.base import Effort, Games, of_present
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.basis import basis
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.audit.misreports import misreports


@dataclass(frozen=True)
class Game:
    reference: Reference
    truth: Valuation
    beta: float
    seed: int


@st.composite
def games(
    draw, max_agents: int = 4, max_prompts: int = 2, max_responses: int = 6, spread: float = 30.0, min_agents: int = 1
) -> Game:
    """Rewards in [0, 1]; beta down to 1 / spread; some weights zero; the last response of a prompt may be padding."""
    seed = draw(st.integers(0, 2**32 - 1))
    n = draw(st.integers(min_agents, max_agents))
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


SPACES = (*MESSAGES, "basis")
LIGHT = Effort(fresh=8, climbers=2, steps=4, jumps=1, types=8, loops=6, sides=16, noises=4)


@dataclass(frozen=True)
class Asked:
    beta: float
    truth: Valuation
    games: Games = field(repr=False)  # hundreds of lies would hide the rest


@st.composite
def asked(draw, space: str, min_agents: int = 1, max_agents: int = 3, max_responses: int = 5, count: int = 2) -> Asked:
    """A few games of one shape with non-negative truths in a message space, as an axiom is asked about them.

    Misreports are structured and random; prompts are one or two, the last response may be padding, weights integer.
    """
    game = draw(games(max_agents=max_agents, max_responses=max_responses, min_agents=min_agents))
    whole = draw(st.booleans())
    rng = torch.Generator().manual_seed(game.seed)
    shape = (count, *game.truth.rewards.shape)
    features = torch.rand(2, *shape[2:], generator=rng, dtype=torch.float64)
    normalise = basis(features) if space == "basis" else MESSAGES[space]
    messages = of_present(MessageSpace(space, normalise, game.reference.policy > 0, 10.0, whole))
    if space == "basis":
        rewards = torch.einsum("bnf,fpk->bnpk", torch.rand(*shape[:2], 2, generator=rng, dtype=torch.float64), features)
    else:
        rewards = torch.rand(shape, generator=rng, dtype=torch.float64) * draw(st.sampled_from([1.0, 1.5]))
    truth = messages.project(Valuation(rewards, game.truth.weights.expand(count, -1)))
    lies = misreports(truth, messages, 12, rng)
    return Asked(game.beta, truth, Games(game.reference, truth, messages, lies, game.seed, LIGHT))


def one_game(reference: list[float], rewards: list[list[float]], weights: list[float], seed: int = 0) -> Games:
    """A game written by hand, one prompt, rewards in [0, 1], with structured and random misreports."""
    policy = torch.tensor([reference], dtype=torch.float64)
    messages = MessageSpace("unit_box", MESSAGES["unit_box"], policy > 0, 10.0)
    truth = Valuation(
        torch.tensor(rewards, dtype=torch.float64)[None, :, None], torch.tensor([weights], dtype=torch.float64)
    )
    lies = misreports(truth, messages, 40, torch.Generator().manual_seed(seed))
    return Games(Reference.of(policy), truth, messages, lies, seed)
