"""The page that Solara serves: Mesa's controls, and the market's pictures beside them."""

from __future__ import annotations

import os
from typing import Any

import solara
from mesa.visualization import SolaraViz
from mesa.visualization.utils import update_counter

from mechanisms.named import name_of
from reports.dashboard.controls import controls, sizes_said, spelled_out, starting_values
from reports.dashboard.curves import curves, said
from reports.dashboard.live_market import LiveMarket
from reports.dashboard.panels import PANELS, Panel
from reports.dashboard.server import SCENARIO
from reports.drawing import data_uri, svg
from simulate.config import Config

CONFIG = Config.model_validate_json(os.environ[SCENARIO])
CONTROLS = controls(CONFIG)
WHEN = "What the sliders and the menu say counts from the next reset on."
# Mesa gives every picture half of the page, which on a phone is too little to read, and drags them about.
LAYOUT = """
.vue-grid-layout { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem;
  height: auto !important; }
.vue-grid-layout .vue-grid-item { position: static !important; transform: none !important; width: auto !important;
  height: auto !important; }
.vue-grid-layout .vue-grid-item.vue-grid-placeholder, .vue-resizable-handle, main .v-tabs-bar { display: none; }
"""


@solara.component
def Page() -> Any:
    """Reset makes a market from the controls, step plays a round, play goes on until the scenario's last one."""
    solara.Style(LAYOUT)
    market = solara.use_reactive(solara.use_memo(lambda: LiveMarket(CONFIG, **starting_values(CONTROLS)), []))
    SolaraViz(
        market,
        components=[Standing, *(_shown(panel) for panel in PANELS.values())],
        model_params={"config": CONFIG, **CONTROLS},
        name=f"Trueward: {CONFIG.name}",
    )


@solara.component
def Standing(market: LiveMarket) -> Any:
    """How far play is, and under which mechanism."""
    update_counter.get()  # a component that reads it is drawn again after every step
    mechanism = spelled_out(market.config)
    solara.v.Html(tag="h2", children=[f"Round {len(market.history)} of {market.config.rounds}"])
    solara.Text(f"payment {name_of(mechanism.payment)}, beta {mechanism.beta:g}; {sizes_said(market.config)}")
    solara.v.Html(tag="p", children=[f"Means over {market.config.replicates} replicates. {WHEN}"])


def _shown(panel: Panel) -> Any:
    @solara.component
    def Picture(market: LiveMarket) -> Any:
        update_counter.get()
        words = said(market.history, panel)
        image = {"src": data_uri(svg(curves(market.history, panel))), "alt": words, "style": "width: 100%"}
        solara.v.Html(tag="img", attributes=image)
        solara.Text(words, classes=["caption"])

    return Picture
