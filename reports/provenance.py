"""Where the numbers come from: the command that makes them again, the machine, the pool."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mechanisms.catalogue import MECHANISMS
from reports.games import Game
from reports.text import agreed, listed
from simulate.config import Config, expanded
from simulate.contest import entries
from simulate.load import load
from simulate.pools import load_pool
from simulate.scenarios import SCENARIOS

PLAYED = {"device": "cpu", "dtype": "float64"}  # what is so where the manifest or the command does not say otherwise
ALL = {**PLAYED, "batch": "None", "only_replicate": "None"}


def commands(games: Sequence[Game]) -> list[str]:
    """Shell commands that play it again; file names are relative to the folder of the runs."""
    first = games[0]
    names = [game.name for game in games]
    options = _options(first)
    if len(games) > 1 and _played_alike(games) and _compared(first.config, names) == [g.config for g in games]:
        config = first.config
        size = f"--rounds {config.rounds} --replicates {config.replicates} --seed {config.seed}"
        return [f"trueward compare {_source(first)} --mechanisms {','.join(names)} {size}{options}"]
    return [f"trueward run {_file(game)}{_options(game)}" for game in games]


def replay(game: Game, replicate: int) -> str:
    """The shell command that plays one replicate again, as it was in the whole game."""
    return f"trueward run {_file(game)} --only-replicate {replicate}{_options(game, PLAYED)}"


def environment(games: Sequence[Game]) -> list[tuple[str, str]]:
    """``(what, value)`` from the manifests."""
    return environment_in([game.run.manifest for game in games])


def environment_in(manifests: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """``(what, value)``: what is common to all manifests, or every different value."""
    return [
        *machinery_in(manifests),
        ("started", str(min(str(found.get("start", "")) for found in manifests)) or "unknown"),
        ("seconds played", " / ".join(_seconds(found) for found in manifests)),
    ]


def machinery_in(manifests: Sequence[dict[str, Any]]) -> list[tuple[str, str]]:
    """Of that, what decides the numbers: not when it was, nor how long it took."""
    packages = list(dict.fromkeys(name for found in manifests for name in _mapping(found, "packages")))
    return [
        ("git commit", agreed(_mapping(found, "git").get("commit", "not a checkout") for found in manifests)),
        ("python", agreed(found.get("python", "unknown") for found in manifests)),
        *((name, agreed(_mapping(found, "packages").get(name, "absent") for found in manifests)) for name in packages),
        ("device", agreed(found.get("device", "unknown") for found in manifests)),
        ("threads", agreed(found.get("threads", "unknown") for found in manifests)),
        ("configuration (sha256)", " / ".join(str(found.get("config_sha256", "unknown"))[:16] for found in manifests)),
    ]


def dirty(games: Sequence[Game]) -> bool:
    """Whether a run was made from code that no commit holds."""
    return any(_mapping(game.run.manifest, "git").get("dirty") for game in games)


def pool_sentence(config: Config) -> str | None:
    """Who wrote the responses and who scored them, where they come from a pool."""
    given = config.reference
    if not isinstance(given, dict) or "pool" not in given:
        return None
    try:
        found = load_pool(str(given["pool"])).manifest
        model, samples, temperature = found["model"]["name"], found["samples"], found["temperature"]
        rewards = listed(str(reward["description"]).rstrip(".") for reward in found["rewards"])
    except (ValueError, KeyError, TypeError, OSError):
        return f"The responses come from the pool {given['pool']}, written by a language model; it cannot be read here."
    return (
        f"The responses come from the pool {found.get('name', given['pool'])}: a language model, {model}, wrote "
        f"{samples} samples a prompt at temperature {temperature}; the reference is their empirical law. "
        f"They were scored by reward models: {rewards}."
    )


def _source(game: Game) -> str:
    """The built-in scenario's name where nothing but the mechanism's rules and the sizes differ, else the file."""
    config = game.config
    if config.name in SCENARIOS:
        sizes = {"rounds": config.rounds, "replicates": config.replicates, "seed": config.seed}
        if _without_rules(load(config.name, sizes)) == _without_rules(config):
            return config.name
    return _file(game)


def _compared(config: Config, names: Sequence[str]) -> list[Config]:
    """What `trueward compare` would play; nothing where it does not know every name."""
    return list(entries(config, names).values()) if all(name in MECHANISMS for name in names) else []


def _played_alike(games: Sequence[Game]) -> bool:
    return len({_options(game) for game in games}) == 1 and "only_replicate" not in games[0].run.manifest


def _without_rules(config: Config) -> dict[str, Any]:
    """Everything that `trueward compare` keeps from the scenario: all but the training and the payment rule."""
    found = config.model_dump()
    rules = found.pop("mechanism")
    found["mechanism"] = {
        key: value for key, value in expanded(rules).items() if key not in ("training", "payment", "repeated")
    }
    return found


def _file(game: Game) -> str:
    return shlex.quote(f"{game.run.folder.resolve().name}/config.toml")


def _options(game: Game, defaults: Mapping[str, str] = ALL) -> str:
    """How it was played, where that was not the default."""
    given = {key: str(game.run.manifest.get(key, default)) for key, default in defaults.items()}
    other = [key for key in defaults if given[key] != defaults[key]]
    return "".join(f" --{key.replace('_', '-')} {shlex.quote(given[key])}" for key in other)


def _mapping(found: dict[str, Any], key: str) -> dict[str, Any]:
    value = found.get(key)
    return value if isinstance(value, dict) else {}


def _seconds(manifest: dict[str, Any]) -> str:
    try:
        span = datetime.fromisoformat(manifest["end"]) - datetime.fromisoformat(manifest["start"])
    except (KeyError, TypeError, ValueError):
        return "unknown"
    return f"{span.total_seconds():.0f}"
