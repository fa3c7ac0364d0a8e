"""The scenario file: its keys, its defaults, and one sentence for whatever is wrong with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    model_serializer,
)

from mechanisms.catalogue import MECHANISMS
from mechanisms.named import name_of, unknown
from simulate.errors import BadInput, sentence

DISTRIBUTION_TOLERANCE = 1e-9  # how far a reference may be from summing to one before it is refused


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a number is expected")
    try:
        found = float(value)
    except OverflowError:  # an integer of hundreds of digits
        found = math.inf
    if not math.isfinite(found):
        raise ValueError("only finite numbers are allowed")
    return found


def _table(value: Any) -> Any:
    """A list of numbers (one prompt) or of lists of numbers (several) becomes the latter; mappings pass."""
    if isinstance(value, Mapping):
        return dict(value)
    if not isinstance(value, list) or not value:
        raise ValueError("a list of numbers, or a list of such lists for several prompts, is expected")
    rows = value if isinstance(value[0], list) else [value]
    if len({len(row) for row in rows if isinstance(row, list)}) > 1:
        lengths = ", ".join(str(len(row)) for row in rows[:6] if isinstance(row, list))
        raise ValueError(f"rows have lengths {lengths}; all must be equal")
    if not all(isinstance(row, list) and row for row in rows):
        raise ValueError("rows must all be lists of numbers, none of them empty")
    return [[_number(entry) for entry in row] for row in rows]


Number = Annotated[float, BeforeValidator(_number)]
Table = Annotated[list[list[float]] | dict[str, Any], BeforeValidator(_table)]
Named = str | dict[str, Any]


class Strict(BaseModel):
    """Unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Report(Strict):
    """What an agent says (for `solve`); what is left out is the truth."""

    rewards: Table | None = None
    weight: Annotated[Number | None, Field(ge=0)] = None


class AgentConfig(Strict):
    """One agent, or ``count`` of the same kind."""

    name: str | None = Field(None, min_length=1, max_length=100)
    rewards: Table
    weight: Number | dict[str, Any] = 1.0
    report: Report | None = None
    strategy: Named = "truthful"
    count: int = Field(1, ge=1, le=1_000_000)
    wander: Annotated[Number, Field(ge=0)] = 0.0  # standard deviation of a step of the true rewards, once a round


class BasisConfig(Strict):
    """Shared features ``[F, P, K]``, as tables or by name; reports are their linear combinations."""

    basis: list[Table] = Field(min_length=1)


class MessagesConfig(Strict):
    """The message space."""

    rewards: str | BasisConfig = "free"
    max_weight: Annotated[Number | None, Field(gt=0)] = None
    integer_weights: bool = False


class MechanismConfig(Strict):
    """The five keys of a mechanism, and a sixth for one that changes from round to round."""

    training: Named = "social_welfare"
    divergence: Named = "kl"
    beta: Annotated[Number, Field(ge=0)] = 1.0
    fine_tuner: Named = "exact"
    payment: Named = "affine_maximizer"
    repeated: Named | None = None

    @model_serializer(mode="wrap")
    def _said(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Who does not repeat anything says nothing about it."""
        return {key: value for key, value in plain(self).items() if key != "repeated" or value is not None}


def sums_to_one(values: list[float], what: str) -> None:
    """Raises ValueError unless ``values`` is a distribution."""
    if min(values) < 0:
        raise ValueError(f"{what} has the entry {min(values)!r}, and probabilities must not be negative")
    if abs(math.fsum(values) - 1) > DISTRIBUTION_TOLERANCE:
        raise ValueError(f"{what} sums to {math.fsum(values)!r}; it must sum to 1 (to {DISTRIBUTION_TOLERANCE})")


def _distributions(value: Any) -> Any:
    if isinstance(value, list):
        for row in value:
            sums_to_one(row, "a prompt's distribution")
    return value


def _distribution(value: Any) -> Any:
    if value is not None:
        sums_to_one(value, "the list")
    return value


def _mechanism(value: Any) -> Any:
    """Checked here rather than by a union, so that a wrong key is named and not its whole mapping."""
    if isinstance(value, str):
        if value not in MECHANISMS:
            raise ValueError(unknown("mechanism", value, MECHANISMS))
        return value
    if not isinstance(value, Mapping | MechanismConfig):
        raise ValueError("a name or a mapping with training, divergence, beta, fine_tuner and payment is expected")
    return MechanismConfig.model_validate(value)


def _one_memory(drift: bool, given: ValidationInfo) -> bool:
    """Drift and a warm start would both carry the last fine-tune into the next, and so count it twice."""
    mechanism = given.data.get("mechanism")
    repeated = mechanism.repeated if isinstance(mechanism, MechanismConfig) else None
    if drift and repeated is not None and name_of(repeated) == "warm_start":
        raise ValueError("allowed is false where mechanism.repeated is warm_start")
    return drift


class Config(Strict):
    """A game (for solve) or a scenario (for the rest)."""

    name: str = Field("game", pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")
    summary: str = ""
    reference: Annotated[Table, AfterValidator(_distributions)]
    prompt_weights: Annotated[list[Number] | None, AfterValidator(_distribution)] = None
    agents: list[AgentConfig] = Field(min_length=1)
    messages: MessagesConfig = MessagesConfig()
    normalise: bool = False
    mechanism: Annotated[str | MechanismConfig, BeforeValidator(_mechanism)] = "vcg"
    rounds: int = Field(100, ge=1, le=10_000_000)
    replicates: int = Field(8, ge=1, le=1_000_000)
    seed: int = Field(0, ge=0, lt=2**128)
    information: Literal["bandit", "outcome", "full"] = "outcome"
    drift: Annotated[bool, AfterValidator(_one_memory)] = False  # is the last policy the next round's reference?
    exploitability: int = Field(25, ge=0, le=10_000_000)  # in how many rounds, at most, is it measured?


def parse(data: Mapping[str, Any], source: str) -> Config:
    """Raises BadInput: one sentence naming ``source``, the key, the value and what is allowed."""
    try:
        return Config.model_validate(dict(data))
    except ValidationError as error:
        raise BadInput(f"{source}: {sentence(error, Config)}") from None


def expanded(mechanism: Any) -> Any:
    """A catalogued mechanism by its keys, so that single ones can be overridden; anything else as it is."""
    if isinstance(mechanism, str) and mechanism in MECHANISMS:
        recipe = MECHANISMS[mechanism]
        keys = {key: getattr(recipe, key) for key in MechanismConfig.model_fields}
        return {key: value for key, value in keys.items() if value is not None}
    return mechanism


def override(data: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """``data`` with dotted keys set: ``{"mechanism.beta": 0.5, "agents.0.weight": 2}``.

    A mechanism given by name is expanded before one of its keys is set.
    """
    result = _copied(data)
    for dotted, value in settings.items():
        keys = dotted.split(".")
        if keys[0] == "mechanism" and len(keys) > 1:
            result["mechanism"] = expanded(result.get("mechanism", "vcg"))
        here: Any = result
        for depth, key in enumerate(keys[:-1]):
            here = _child(here, key, ".".join(keys[: depth + 1]))
        _set(here, keys[-1], value, dotted)
    return result


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(entry) for key, entry in value.items()}
    return [_copied(entry) for entry in value] if isinstance(value, list) else value


def _child(here: Any, key: str, path: str) -> Any:
    if isinstance(here, dict):
        child = here.setdefault(key, {})
        if isinstance(child, str):  # a name stands for {name: ...}, so that options can be set on it
            child = here[key] = {"name": child}
        return child
    return here[_index(here, key, path)]


def _set(here: Any, key: str, value: Any, path: str) -> None:
    if isinstance(here, dict):
        here[key] = value
    else:
        here[_index(here, key, path)] = value


def _index(here: Any, key: str, path: str) -> int:
    if not isinstance(here, list):
        raise BadInput(f"--set {path}: there is nothing to set below a {type(here).__name__}")
    if not key.isdecimal() or len(key) > 9 or int(key) >= len(here):
        raise BadInput(f"--set {path}: {key!r} is not an index of its list; allowed are 0 to {len(here) - 1}")
    return int(key)
