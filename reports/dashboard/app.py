"""The page that Solara serves: Mesa's controls, and the market's pictures beside them."""

from __future__ import annotations

import os
from typing import Any

import solara
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from reports.dashboard.controls import controls, spelled_out, starting_values
from reports.dashboard.curves import curves, said
from reports.dashboard.live_market import LiveMarket
from reports.dashboard.panels import PANELS, Panel
from reports.dashboard.server import SCENARIO
from reports.drawing import data_uri, svg
from simulate.config import Config

CONFIG = Config.model_validate_json(os.environ[SCENARIO])
CONTROLS = controls(CONFIG)


@solara.component
def Page() -> Any:  # noqa: N802 - components are named so
    """Reset makes a market from the controls, step plays a round, play goes on until the scenario's last one."""
    market = solara.use_reactive(solara.use_memo(lambda: LiveMarket(CONFIG, **starting_values(CONTROLS)), []))
    SolaraViz(
        market,
        components=[Standing, *(_shown(panel) for panel in PANELS.values())],
        model_params={"config": CONFIG, **CONTROLS},
        name=f"Trueward: {CONFIG.name}",
    )


@solara.component
def Standing(market: LiveMarket) -> Any:  # noqa: N802
    """How far play is, and under which mechanism."""
    update_counter.get()  # a component that reads it is drawn again after every step
    mechanism = spelled_out(market.config)
    solara.v.Html(tag="h2", children=[f"Round {len(market.history)} of {market.config.rounds}"])
    solara.Text(
        f"payment {mechanism.payment}, beta {mechanism.beta:g}; means over {market.config.replicates} replicates"
    )


def _shown(panel: Panel) -> Any:
    @solara.component
    def Picture(market: LiveMarket) -> Any:  # noqa: N802
        update_counter.get()
        words = said(market.history, panel)
        image = {"src": data_uri(svg(curves(market.history, panel))), "alt": words, "style": "width: 100%"}
        solara.v.Html(tag="img", attributes=image)
        solara.Text(words, classes=["caption"])

    return Picture
