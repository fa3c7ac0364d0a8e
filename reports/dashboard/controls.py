"""What can be chosen: beta, the payment rule, and how large the groups are."""

from __future__ import annotations

from typing import Any

from mechanisms.named import name_of
from mechanisms.payments import PAYMENT_RULES
from reports.dashboard.live_market import SIZE, LiveMarket
from reports.text import visible
from simulate.config import Config, MechanismConfig, expanded
from simulate.errors import BadInput

MOST_SIZES = 8  # sliders for the first agents; the others keep the scenario's sizes
WIDER = 3.0  # a slider goes to so many times the scenario's value
DRAWN = 1.0  # where a slider starts if the scenario draws the size

Controls = dict[str, dict[str, Any]]


def controls(config: Config) -> Controls:
    """By parameter of `LiveMarket`, in the form that SolaraViz reads.  Raises BadInput where no payment fits."""
    keys = spelled_out(config)
    beta = {"type": "SliderFloat", "label": "beta", **_range(keys.beta, 0.01)}
    return {"beta": beta, "payment": _payments(config, name_of(keys.payment)), **_sizes(config)}


def starting_values(chosen: Controls) -> dict[str, Any]:
    """What the controls say before anybody touches them."""
    return {name: control["value"] for name, control in chosen.items()}


def spelled_out(config: Config) -> MechanismConfig:
    """The mechanism by its keys, though the scenario may name it."""
    given = config.mechanism
    return MechanismConfig.model_validate(expanded(given)) if isinstance(given, str) else given


def _payments(config: Config, own: str) -> dict[str, Any]:
    fitting = [name for name in PAYMENT_RULES if name == own or _fits(config, name)]
    return {"type": "Select", "label": "payment rule", "value": own, "values": fitting}


def _fits(config: Config, payment: str) -> bool:
    """Does the scenario's training rule allow this payment, without further settings?"""
    try:
        LiveMarket(config.model_copy(update={"replicates": 1, "exploitability": 0}), payment=payment).step()
    except (BadInput, ValueError, ArithmeticError):
        return False
    return True


def _sizes(config: Config) -> Controls:
    limit = config.messages.max_weight
    return {
        f"{SIZE}{i}": {"type": "SliderFloat", "label": f"size of {visible(agent.name or f'agent {i + 1}')}"}
        | _range(agent.weight if isinstance(agent.weight, float) else DRAWN, 0.0, limit)
        for i, agent in enumerate(config.agents[:MOST_SIZES])
    }


def _range(value: float, least: float, most: float | None = None) -> dict[str, float]:
    """Of a slider in steps of a hundredth of its length, on which the scenario's own value lies."""
    top = max(value, min(WIDER * max(value, 0.1), most or float("inf")))
    return {"value": value, "min": least, "max": top, "step": round(top / 100, 4)}
