"""A reward model of the registry by name and options, as files spell it; no text is ever scored twice."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanisms.named import Named, unknown
from simulate.errors import shorten
from simulate.pools.recipe import RewardChoice
from simulate.pools.rewards.bounds import require_bounds
from simulate.pools.rewards.reward_model import RewardModel

KEPT = 64  # reward models, with what they said, that stay in memory


def chosen(spec: Named) -> RewardModel:
    """The reward model ``name`` or ``{name: ..., option: ...}`` of the registry `REWARDS`, by its current factory.

    Asked for again in the same process, it is the same object and remembers the texts it has read.
    Raises ValueError in one sentence: for an unknown name or option, or a bad value.
    """
    # Here, because the registry lists a reward that is made of others.
    from simulate.pools.rewards import REWARDS

    named = {"name": spec} if isinstance(spec, str) else spec
    if not isinstance(named, Mapping) or not isinstance(named.get("name"), str):
        raise ValueError(f"a reward is {shorten(spec)}; allowed is a name, or a mapping with a name and options")
    name, options = named["name"], {str(key): value for key, value in named.items() if key != "name"}
    if name not in REWARDS:
        raise ValueError(unknown("reward", name, REWARDS))
    _require_options(name, REWARDS[name], options)
    try:
        plain = json.dumps(options, allow_nan=False)
    except (TypeError, ValueError):  # given in Python, and no plain data: nothing to recognise it by
        return _made(name, REWARDS[name], options)
    return _kept(name, REWARDS[name], plain)


def remembered(model: RewardModel) -> RewardModel:
    """The same reward model, asked about each different text once.

    Raises ValueError where it does not answer with one finite number a text.
    """
    known: dict[str, float] = {}

    def raw(texts: Sequence[str]) -> NDArray[np.float64]:
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            scores = np.asarray(model.raw(fresh), dtype=np.float64)
            if scores.shape != (len(fresh),) or not np.isfinite(scores).all():
                said = f"reward {model.name!r} scores {len(fresh)} texts with {shorten(scores.tolist())}"
                raise ValueError(f"{said}; allowed is one finite number a text")
            known.update(zip(fresh, scores.tolist(), strict=True))
        return np.array([known[text] for text in texts], dtype=np.float64)

    return replace(model, raw=raw)


def _require_options(name: str, factory: Callable[..., RewardModel], options: Mapping[str, Any]) -> None:
    parameters = inspect.signature(factory).parameters
    if any(each.kind is inspect.Parameter.VAR_KEYWORD for each in parameters.values()):
        return
    for option in options:
        if option not in parameters:
            raise ValueError(f"reward {name!r}: {unknown('option', option, parameters)}")


@lru_cache(maxsize=KEPT)
def _kept(name: str, factory: Callable[..., RewardModel], options: str) -> RewardModel:
    return _made(name, factory, json.loads(options))


def _made(name: str, factory: Callable[..., RewardModel], options: dict[str, Any]) -> RewardModel:
    from simulate.pools.build import reward_model  # here, because a builder of pools needs more than a reward does

    model = reward_model(RewardChoice(name=name, options=options), {name: factory})
    if not isinstance(model, RewardModel):
        raise ValueError(f"reward {name!r} is made as a {type(model).__name__}; allowed is a RewardModel")
    require_bounds(model.low, model.high, name)
    return remembered(model)
