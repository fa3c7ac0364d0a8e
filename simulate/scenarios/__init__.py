"""Catalogue of built-in scenarios: the same data as a scenario file holds."""

from typing import Any

from simulate.scenarios.aliases import aliases
from simulate.scenarios.cartel import cartel
from simulate.scenarios.crowd import crowd
from simulate.scenarios.free_rider import free_rider
from simulate.scenarios.paper_synthetic import paper_synthetic
from simulate.scenarios.story_tones import story_tones
from simulate.scenarios.three_crowds import three_crowds
from simulate.scenarios.three_strangers import three_strangers
from simulate.scenarios.tuned_market import tuned_market
from simulate.scenarios.tuned_tones import tuned_tones
from simulate.scenarios.two_camps import two_camps
from simulate.scenarios.unequal_agents import unequal_agents

SCENARIOS: dict[str, dict[str, Any]] = {
    "story_tones": story_tones,
    "two_camps": two_camps,
    "free_rider": free_rider,
    "paper_synthetic": paper_synthetic,
    "three_strangers": three_strangers,
    "three_crowds": three_crowds,
    "crowd": crowd,
    "unequal_agents": unequal_agents,
    "cartel": cartel,
    "aliases": aliases,
    "tuned_market": tuned_market,
    "tuned_tones": tuned_tones,
}
