"""A smaller game cut from a large one: what an axiom says of all games, it says of this one."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from mechanisms.fits import require_fit
from mechanisms.messages.base import MessageSpace
from mechanisms.reference import Reference, Responses
from mechanisms.valuation import Valuation
from simulate.scenario import Scenario

RESPONSES = 16  # of a prompt, the likeliest
PROMPTS = 2  # the first
AGENTS = 6  # likewise


def excerpt(scenario: Scenario) -> Scenario:
    """The likeliest responses of the first prompts for the first agents, the reference renormalised, rewards projected.

    The scenario itself where it is small already, or where something of its mechanism is made for its size.
    """
    policy = scenario.reference.policy[:PROMPTS]
    small = policy.shape[-1] <= RESPONSES and len(scenario.names) <= AGENTS
    if scenario.messages.name == "basis" or small:
        return scenario
    likeliest = policy.topk(min(RESPONSES, policy.shape[-1]), -1).indices
    kept = policy.gather(-1, likeliest)
    shares = scenario.reference.prompt_weights[:PROMPTS]
    said = scenario.reference.responses
    texts = None if said is None else _said(said, likeliest, kept > 0)
    reference = Reference.of(kept / kept.sum(-1, keepdim=True), shares / shares.sum(), texts)
    space = scenario.messages
    messages = MessageSpace(space.name, space.normalise, kept > 0, space.max_weight, space.integer_weights)
    rewards = scenario.truth.rewards[:, :AGENTS, :PROMPTS]
    seen = rewards.gather(-1, likeliest.expand(*rewards.shape[:-1], -1))
    truth = messages.project(Valuation(seen, scenario.truth.weights[:, :AGENTS]))
    try:
        require_fit(scenario.mechanism, reference, truth)
    except ValueError:
        return scenario
    names = scenario.names[:AGENTS]
    return replace(scenario, names=names, reference=reference, messages=messages, truth=truth, declared=truth)


def _said(responses: Responses, likeliest: Tensor, real: Tensor) -> Responses:
    """The texts at ``likeliest [P, K]`` where there is a probability: the first ones of a row, as it is sorted."""
    prompts = len(likeliest)
    rows = zip(responses.texts[:prompts], likeliest.tolist(), real.sum(-1).tolist(), strict=True)
    texts = tuple(tuple(row[k] for k in indices[:count]) for row, indices, count in rows)
    return Responses(responses.prompts[:prompts], texts)
