"""The market behind the sliders: a `Market` that is made anew from beta, payment and sizes."""

from __future__ import annotations

from typing import Any

from simulate.config import Config, override, parse
from simulate.market import Market
from simulate.scenario import build

SIZE = "size_"  # begins the name of a parameter that is the weight of an agent of the configuration


class LiveMarket(Market):
    """``LiveMarket(config, beta=0.5, payment="zero", size_0=2.0)``; what is left out is the scenario's.

    Reset makes a new one from what the controls say; it has played no round.
    """

    running: bool  # Mesa's; it sets it without saying what it is

    def __init__(self, config: Config, **kwargs: Any) -> None:
        self.config = chosen_config(config, kwargs)
        super().__init__(build(self.config, self.config.name))

    def step(self) -> None:
        """A round; after the scenario's last one the market does not run any more."""
        if self.running:
            super().step()
            self.running = len(self.history) < self.config.rounds


def chosen_config(config: Config, chosen: dict[str, Any]) -> Config:
    """The scenario with the chosen beta, payment and sizes.  Raises BadInput."""
    settings = {_key(name): value for name, value in chosen.items()}
    return parse(override(config.model_dump(mode="json", exclude_none=True), settings), config.name)


def _key(name: str) -> str:
    return f"agents.{name.removeprefix(SIZE)}.weight" if name.startswith(SIZE) else f"mechanism.{name}"
