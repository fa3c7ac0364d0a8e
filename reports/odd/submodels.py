"""Submodels: every rule that is in play, by its formula and source, with all its options."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.named import Named, name_of
from mechanisms.payments import PAYMENT_RULES
from mechanisms.repeated import REPEATED
from mechanisms.training_rules import TRAINING_RULES
from reports.docstrings import opening, title
from reports.named import defaults, options
from reports.odd.statement import Statement, distinct, in_code
from reports.study import Study
from strategies import STRATEGIES
from strategies.menus import MENUS


def submodels(study: Study) -> list[Statement]:
    """Training, divergence, fine-tuning, payments, what is carried over, strategies, and the menus they choose from."""
    recipes = [game.recipe for game in study.games]
    agents = [agent for game in study.games for agent in game.config.agents]
    return [
        *_described("training rule", (r.training for r in recipes), TRAINING_RULES),
        *_described("divergence", (r.divergence for r in recipes), DIVERGENCES),
        *_described("fine-tuner", (r.fine_tuner for r in recipes), FINE_TUNERS),
        *_described("payment rule", (r.payment for r in recipes), PAYMENT_RULES),
        *_described("from round to round", (r.repeated for r in recipes if r.repeated is not None), REPEATED),
        *_described("strategy", (agent.strategy for agent in agents), STRATEGIES),
        *_described("menu", _menus(agent.strategy for agent in agents), MENUS),
    ]


def _described(kind: str, specs: Iterable[Named], catalogue: Mapping[str, Any]) -> list[Statement]:
    return [_one(kind, spec, catalogue) for spec in distinct(specs)]


def _one(kind: str, spec: Named, catalogue: Mapping[str, Any]) -> Statement:
    name = name_of(spec)
    entry = catalogue[name]
    words = (title(entry), opening(entry))
    settings = _options(catalogue, spec)
    return in_code(
        f"{kind}: {name}", *words, *([settings] if any(words) and settings else []), lacking=f"what {name} does"
    )


def _options(catalogue: Mapping[str, Any], spec: Named) -> str:
    """``Here steps 8, rate 0.05; as it comes rank 4``."""
    given = ", ".join(f"{key} {value}" for key, value in options(spec).items() if not isinstance(value, list | Mapping))
    left = ", ".join(f"{key} {value}" for key, value in defaults(catalogue, spec).items() if value != "")
    parts = [*([f"set to {given}"] if given else []), *([f"left at {left}"] if left else [])]
    return f"Options {'; '.join(parts)}" if parts else ""


def _menus(strategies: Iterable[Named]) -> list[str]:
    """The menus that strategies choose from, where they say which."""
    found = [{**defaults(STRATEGIES, spec), **options(spec)}.get("menu") for spec in strategies]
    return [menu for menu in found if isinstance(menu, str) and menu in MENUS]
