"""From a scenario file to tensors: the reference, everybody's truth, the mechanism and the strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.catalogue import MECHANISMS
from mechanisms.fits import require_fit
from mechanisms.messages import MESSAGES
from mechanisms.messages.base import MessageSpace
from mechanisms.messages.basis import basis
from mechanisms.named import made
from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.config import Config, MechanismConfig
from simulate.errors import BadInput, no_such
from simulate.references import found
from simulate.reward_tables import RewardTables
from simulate.truths import Truths
from strategies import STRATEGIES
from strategies.base import INFORMATION, Strategy

MEMBER_TOLERANCE = 1e-9  # how far a truth or a report may be from its message space before it is refused


@dataclass(frozen=True)
class Scenario:
    """Everything that is played with, for a batch of replicates."""

    config: Config
    names: tuple[str, ...]
    reference: Reference  # [P, K]
    truth: Valuation  # [B, n, P, K]
    declared: Valuation  # the reports that a game file spells out; the truth elsewhere
    messages: MessageSpace
    mechanism: Mechanism
    strategies: tuple[Strategy, ...]  # one an agent; equal ones are played as one population
    replicates: tuple[int, ...]
    samples: float  # responses sampled per prompt, if the reference comes from a pool; NaN elsewhere
    wander: Tensor  # [n], the standard deviation of a round's step of everybody's true rewards


def build(
    config: Config,
    source: str = "scenario",
    replicates: Sequence[int] | None = None,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
) -> Scenario:
    """Raises BadInput, naming ``source``, the key, the value and what is allowed."""
    numbers = tuple(range(config.replicates) if replicates is None else replicates)
    like = torch.empty(0, dtype=dtype, device=device)
    try:
        reference, tables, samples = _reference(config, like)
        messages = _messages(config, reference, tables)
        truths = Truths(config.agents, reference.policy, tables, config.seed, numbers)
        names = _names(config)
        truth = _member(truths.truth(), messages, config, names, "the truth", len(numbers))
        declared = truths.declared(truth)
        if declared is not truth:
            declared = _member(declared, messages, config, names, "the report", len(numbers))
        mechanism = build_mechanism(_spelled_out(config.mechanism, tables), dtype, device)
        _require_fit(mechanism, reference, declared)
        strategies = _strategies(config)
        wander = like.new_tensor([agent.wander for agent in config.agents for _ in range(agent.count)])
        return Scenario(
            config, names, reference, truth, declared, messages, mechanism, strategies, numbers, samples, wander
        )
    except ValueError as error:
        raise BadInput(f"{source}: {error}") from None


def build_mechanism(given: str | MechanismConfig, dtype: torch.dtype = torch.float64, device: str = "cpu") -> Mechanism:
    """By catalogue name, or from its keys.  Raises BadInput."""
    if isinstance(given, str):
        if given not in MECHANISMS:
            raise BadInput(f"mechanism: {no_such('mechanism', given, MECHANISMS)}")
        return MECHANISMS[given].build(dtype, device)
    try:
        return Recipe(**{key: getattr(given, key) for key in MechanismConfig.model_fields}).build(dtype, device)
    except ValueError as error:
        raise BadInput(f"mechanism.{error}") from None


def _spelled_out(given: str | MechanismConfig, tables: RewardTables) -> str | MechanismConfig:
    """The rewards that a fine-tuner is trained on before anybody reports may be named; here they become numbers."""
    tuner = "exact" if isinstance(given, str) else given.fine_tuner
    if isinstance(given, str) or isinstance(tuner, str) or not isinstance(tuner.get("basis"), list):
        return given
    basis = [
        tables.table(one, f"mechanism.fine_tuner.basis.{i}").tolist() if isinstance(one, dict) else one
        for i, one in enumerate(tuner["basis"])
    ]
    return given.model_copy(update={"fine_tuner": {**tuner, "basis": basis}})


def _require_fit(mechanism: Mechanism, reference: Reference, reports: Valuation) -> None:
    try:
        require_fit(mechanism, reference, reports)
    except ValueError as error:
        raise BadInput(f"mechanism.{error}") from None
    try:
        if mechanism.repeated:
            mechanism.repeated.init(reference, *reversed(reports.weights.shape))
    except ValueError as error:
        raise BadInput(f"mechanism.repeated: {error}") from None


def _reference(config: Config, like: Tensor) -> tuple[Reference, RewardTables, float]:
    """The reference, what reads rewards for it, and samples per prompt if it comes from a pool."""
    given = found(config.reference, config.seed)
    weights = _prompt_weights(config, len(given.table), like)
    reference = Reference.of(given.table.to(like), weights, given.responses)
    return reference, RewardTables(reference, given.columns), given.samples


def _prompt_weights(config: Config, prompts: int, like: Tensor) -> Tensor | None:
    given = config.prompt_weights
    if given is None:
        return None
    if len(given) != prompts:
        raise BadInput(f"prompt_weights has {len(given)} entries; the reference has {prompts} prompts")
    return torch.tensor(given).to(like)


def _messages(config: Config, reference: Reference, tables: RewardTables) -> MessageSpace:
    given = config.messages
    if isinstance(given.rewards, str):
        if given.rewards not in MESSAGES:
            raise BadInput(f"messages.rewards: {no_such('message space', given.rewards, [*MESSAGES, '{basis: ...}'])}")
        name, normalise = given.rewards, MESSAGES[given.rewards]
    else:
        features = [tables.table(each, f"messages.rewards.basis.{i}") for i, each in enumerate(given.rewards.basis)]
        name, normalise = "basis", basis(torch.stack(features))
    limit = float("inf") if given.max_weight is None else given.max_weight
    return MessageSpace(name, normalise, reference.policy > 0, limit, given.integer_weights)


def _names(config: Config) -> tuple[str, ...]:
    names: list[str] = []
    for position, agent in enumerate(config.agents):
        stem = agent.name or f"agent-{position + 1}"
        names += [stem] if agent.count == 1 else [f"{stem}-{i + 1}" for i in range(agent.count)]
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadInput(f"agents: the name {name!r} occurs twice; names must differ")
        seen.add(name)
    return tuple(names)


def _member(
    valuation: Valuation, messages: MessageSpace, config: Config, names: tuple[str, ...], what: str, batch: int
) -> Valuation:
    """The valuation ``[B, n, P, K]`` if it is a message; its projection if the file asks to normalise."""
    kept = Valuation(valuation.rewards * messages.support, valuation.weights)
    if config.normalise:
        kept = messages.project(kept)
    outside = messages.violation(kept)
    if bool((outside > MEMBER_TOLERANCE).any()):
        worst = names[int(outside.amax(0).argmax())]
        raise BadInput(
            f"agents: {what} of {worst!r} is {float(outside.amax()):.3g} away from the message space {messages.name} "
            f"with max_weight {messages.max_weight:g}; give a member of it, or ask for normalise: true"
        )
    return Valuation(kept.rewards.expand(batch, -1, -1, -1), kept.weights.expand(batch, -1))


def _strategies(config: Config) -> tuple[Strategy, ...]:
    found: list[Strategy] = []
    for position, agent in enumerate(config.agents):
        key = f"agents.{position}.strategy"
        strategy: Strategy = made(STRATEGIES, agent.strategy, key)
        if INFORMATION.index(strategy.information) > INFORMATION.index(config.information):
            raise BadInput(
                f"{key} is {agent.strategy!r}, which learns from information: {strategy.information}; "
                f"this scenario gives {config.information} only"
            )
        found += [strategy] * agent.count
    return tuple(found)
