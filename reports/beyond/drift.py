"""The picture of `simulate/beyond/drift.py`."""

from reports.beyond.base import Panel, Picture
from simulate.beyond.drift import ALWAYS, AWAY, GAP, OBJECTIVE, TODAY, WELFARE

DRIFT = Picture(
    (
        Panel(AWAY, "Distance from the first model", "round", "KL, nats"),
        Panel(WELFARE, "Social welfare, honest play", "round", "share of its cap", share=True),
        Panel(OBJECTIVE, "Objective against the first model", "round", "share of the best", share=True),
        Panel(TODAY, "Best lie for one round", "round", "gain / utility", share=True),
        Panel(ALWAYS, "Best lie told in all rounds", "rounds played", "gain a round / utility", share=True),
        Panel(GAP, "What a short fine-tune lacks", "round", "share of the best objective", up="log"),
    ),
    "A reference that drifts: each round is charged from the last round's model. Gains are the largest of any group in "
    "a game, in units of a truthful group's mean utility, found by search: lower bounds. The rest is exact.",
)
