"""The picture of `simulate/beyond/heuristics.py`."""

from reports.beyond.base import Panel, Picture
from simulate.beyond.heuristics import FINISHED, GAP, PAID, REFUND, REVENUE

COMPUTE, OF_EXACT = "compute of a round, in whole fine-tunes", "share of the exact revenue"

HEURISTICS = Picture(
    (
        Panel(
            GAP, "Best lie found", "training of the deployed model, in whole fine-tunes", "gain / utility", share=True
        ),
        Panel(REVENUE, "Revenue, all runs short", COMPUTE, OF_EXACT, share=True),
        Panel(PAID, "Groups that are paid, all runs short", COMPUTE, "share of groups", share=True),
        Panel(REVENUE + FINISHED, "Revenue, model finished", COMPUTE, OF_EXACT, "linear", share=True),
        Panel(
            PAID + FINISHED, "Groups that are paid, model finished", COMPUTE, "share of groups", "linear", share=True
        ),
        Panel(REFUND + FINISHED, "Money paid out, model finished", COMPUTE, OF_EXACT, "linear", share=True),
    ),
    "The payment heuristics of section 4.4 against compute. Gains are the largest of any group in a game, in units of "
    "a truthful group's mean utility, found by search: lower bounds. Revenue and refunds are exact in every game.",
)
