"""What can be chosen: beta, the payment rule, and how large the groups are."""

from __future__ import annotations

from typing import Any

from mechanisms.named import name_of
from mechanisms.payments import PAYMENT_RULES
from reports.dashboard.live_market import SIZE, LiveMarket
from reports.text import listed, visible
from simulate.config import Config, MechanismConfig, expanded
from simulate.errors import BadInput

MOST_SIZES = 8  # sliders for the first agents; the others keep the scenario's sizes
WIDER = 3.0  # a slider goes to so many times the scenario's value
MOST_DECIMALS = 12  # of a slider's step
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


def sizes_said(config: Config) -> str:
    """How large the groups with a slider are; a size that is still the scenario's to draw is said to be drawn."""
    return "sizes " + listed(
        f"{visible(agent.name or f'agent {i + 1}')} {agent.weight if isinstance(agent.weight, float) else 'drawn'}"
        for i, agent in enumerate(config.agents[:MOST_SIZES])
    )


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
    """Of a slider of a hundred steps or more, on which the scenario's own value lies.

    The browser rounds what it shows to as many decimals as the step has, so a step is a power of ten.
    """
    top = max(value, min(WIDER * max(value, 0.1), most or float("inf")))
    fitting = (d for d in range(MOST_DECIMALS) if 100 * 10**-d <= top and round(value, d) == value)
    decimals = max(next(fitting, MOST_DECIMALS), _decimals(least))
    return {"value": value, "min": least, "max": top, "step": 10**-decimals}


def _decimals(value: float) -> int:
    """How many a number is written with."""
    return next(d for d in range(MOST_DECIMALS + 1) if round(value, d) == value)
