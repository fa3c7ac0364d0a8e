"""What a game file must say for one fine-tune on open text, checked before torch is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from mechanisms.named import Named, name_of
from simulate.config import AgentConfig, Config, MechanismConfig, Number, Strict, expanded
from simulate.errors import BadInput, sentence, shorten

CHARGED = ("affine_maximizer", "cumulant", "pay_as_reported", "zero")  # payments that samples of one model can tell
MESSAGES = ("free", "unit_box")  # reward models answer in [0, 1]


class OpenReference(Strict):
    """A language model's own law over everything it may say."""

    language_model: str
    prompts: list[str] = Field([""], min_length=1)
    max_tokens: int = Field(16, ge=1, le=1024, strict=True)  # the end sign among them
    temperature: Annotated[Number, Field(gt=0)] = 1.0  # of the reference, the policy and every log-probability


class Rloo(Strict):
    """The fine-tuner's options; `rloo` on candidate responses has the same defaults."""

    name: Literal["rloo"]
    steps: int = Field(150, ge=1, strict=True)
    samples: int = Field(64, ge=2, strict=True)  # a prompt and step
    rate: Annotated[Number, Field(gt=0)] = 0.02
    rank: int = Field(4, ge=1, strict=True)
    layers: int = Field(0, ge=0, strict=True)  # adapted, from the last one; 0: all
    estimator: Literal["rloo", "grpo"] = "rloo"
    seed: int | None = Field(None, ge=0, lt=2**128, strict=True)  # None: the game's
    clip: Annotated[Number, Field(gt=0)] = 1.0  # largest norm of a gradient
    warm_up: int = Field(3, ge=0, strict=True)  # steps in which the rate rises
    micro_batch: int = Field(64, ge=1, strict=True)  # responses in one backward pass; the gradient is the batch's
    evaluation: int = Field(512, ge=2, strict=True)  # fresh responses a prompt, before and after


@dataclass(frozen=True)
class Party:
    """An agent: what it wants and what it says, as reward models by name."""

    name: str
    truth: Named
    report: Named
    weight: float
    reported_weight: float

    @property
    def lies(self) -> bool:
        """Does it say anything but the truth?"""
        return (self.truth, self.weight) != (self.report, self.reported_weight)


@dataclass(frozen=True)
class Plan:
    """A game on open text, ready to be built."""

    config: Config
    reference: OpenReference
    tuner: Rloo
    parties: tuple[Party, ...]
    beta: float
    payment: str

    @property
    def seed(self) -> int:
        """Of everything that is drawn."""
        return self.config.seed if self.tuner.seed is None else self.tuner.seed

    @property
    def prompt_weights(self) -> list[float]:
        """How much each prompt counts; they sum to one."""
        prompts = len(self.reference.prompts)
        return self.config.prompt_weights or [1 / prompts] * prompts


def plan_of(config: Config, source: str) -> Plan:
    """Raises BadInput naming ``source``, the key, the value and what is allowed."""
    try:
        mechanism = MechanismConfig.model_validate(expanded(config.mechanism))
        reference, tuner = _reference(config), _tuner(mechanism)
        _require_rules(mechanism)
        parties = _parties(config)
        _require_messages(config, parties)
        return Plan(config, reference, tuner, parties, mechanism.beta, name_of(mechanism.payment))
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from None


def is_open_text(reference: Any) -> bool:
    """A language model that is given neither responses nor a length to list them."""
    return (
        isinstance(reference, Mapping) and "language_model" in reference and not {"responses", "length"} & {*reference}
    )


def _reference(config: Config) -> OpenReference:
    given = config.reference
    if not is_open_text(given):
        kind = f"has the keys {', '.join(map(str, given))}" if isinstance(given, dict) else "is a table"
        wanted = "{language_model: NAME, prompts: [...], max_tokens: 16, temperature: 0.8} without responses"
        raise BadInput(f"reference {kind}; a fine-tune on open text needs {wanted} (`trueward solve` takes the others)")
    reference = _validated(OpenReference, given, "reference")
    weights = config.prompt_weights
    if weights is not None and len(weights) != len(reference.prompts):
        raise BadInput(f"prompt_weights has {len(weights)} entries; the reference has {len(reference.prompts)} prompts")
    if len(set(reference.prompts)) < len(reference.prompts):
        twice = next(prompt for prompt in reference.prompts if reference.prompts.count(prompt) > 1)
        raise BadInput(f"reference.prompts has {shorten(twice)} twice; prompts must differ")
    return reference


def _tuner(mechanism: MechanismConfig) -> Rloo:
    given = mechanism.fine_tuner
    if name_of(given) != "rloo":
        raise BadInput(f"mechanism.fine_tuner is {name_of(given)}; allowed on open text is rloo")
    return _validated(Rloo, {"name": "rloo"} if isinstance(given, str) else given, "mechanism.fine_tuner")


def _validated(model: Any, given: Any, key: str) -> Any:
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        raise BadInput(f"{key}: {sentence(error, model)}") from None


def _require_rules(mechanism: MechanismConfig) -> None:
    for key, allowed in (("training", "social_welfare"), ("divergence", "kl")):
        if getattr(mechanism, key) != allowed:
            raise BadInput(f"mechanism.{key} is {shorten(getattr(mechanism, key))}; allowed on open text is {allowed}")
    if mechanism.payment not in CHARGED:
        given = shorten(mechanism.payment)
        raise BadInput(f"mechanism.payment is {given}; allowed on open text are {', '.join(CHARGED)}, without options")
    if not mechanism.beta > 0:
        raise BadInput(f"mechanism.beta is {mechanism.beta}; it must be above 0")
    if mechanism.repeated is not None:
        raise BadInput(f"mechanism.repeated is {shorten(mechanism.repeated)}; one fine-tune repeats nothing")


def _parties(config: Config) -> tuple[Party, ...]:
    parties: list[Party] = []
    for position, agent in enumerate(config.agents):
        stem = agent.name or f"agent-{position + 1}"
        names = [stem] if agent.count == 1 else [f"{stem}-{i + 1}" for i in range(agent.count)]
        parties += [_party(name, agent, f"agents.{position}") for name in names]
    seen: set[str] = set()
    for party in parties:
        if party.name in seen:
            raise BadInput(f"agents: the name {party.name!r} occurs twice; names must differ")
        seen.add(party.name)
    return tuple(parties)


def _party(name: str, agent: AgentConfig, key: str) -> Party:
    weight, report = agent.weight, agent.report
    if isinstance(weight, dict) or weight < 0:
        raise BadInput(f"{key}.weight is {shorten(weight)}; allowed on open text is a number that is not negative")
    truth = _reward(agent.rewards, f"{key}.rewards")
    said = truth if report is None or report.rewards is None else _reward(report.rewards, f"{key}.report.rewards")
    told = weight if report is None or report.weight is None else report.weight
    return Party(name, truth, said, float(weight), float(told))


def _reward(given: Any, key: str) -> Named:
    if not isinstance(given, dict) or set(given) != {"reward"}:
        found = f"has the keys {', '.join(map(str, given))}" if isinstance(given, dict) else "is a table"
        raise BadInput(f"{key} {found}; on open text rewards read texts: {{reward: NAME or {{name: NAME, ...}}}}")
    return given["reward"]


def _require_messages(config: Config, parties: tuple[Party, ...]) -> None:
    messages, limit = config.messages, config.messages.max_weight
    if messages.rewards not in MESSAGES:
        raise BadInput(
            f"messages.rewards is {shorten(messages.rewards)}; allowed on open text are {', '.join(MESSAGES)}"
        )
    if config.normalise:
        raise BadInput("normalise is true; on open text there is no table of rewards to project")
    for party in parties:
        for weight in (party.weight, party.reported_weight):
            if limit is not None and weight > limit:
                raise BadInput(f"agents: a weight of {party.name!r} is {weight:g}; messages.max_weight is {limit:g}")
            if messages.integer_weights and weight != int(weight):
                raise BadInput(f"agents: a weight of {party.name!r} is {weight:g}; messages.integer_weights is true")
