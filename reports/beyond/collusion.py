"""The picture of `simulate/beyond/collusion.py`."""

from reports.beyond.base import Panel, Picture
from simulate.beyond.collusion import ALIASES, BILL, BY_BETA, COALITION

COLLUSION = Picture(
    (
        Panel(COALITION, "Groups that agree", "members", "gain / honest utility", "linear", share=True),
        Panel(ALIASES, "One group, several names", "names", "gain / honest utility", share=True),
        Panel(BY_BETA, "Two members, two names", "beta", "gain / honest utility", share=True),
        Panel(BILL, "Honest, but split into names", "names", "bill / mean bill under one name", up="log"),
    ),
    "What breaks the affine maximizer: joint lies with side payments, and one group under several names. Gains are the "
    "best found by search, lower bounds, as a share of what the members have together when honest; bills are exact.",
)
