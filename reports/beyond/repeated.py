"""The picture of `simulate/beyond/repeated.py`."""

from reports.beyond.base import Panel, Picture
from simulate.beyond.repeated import DISTANCE, LOSS, NO_PAYMENT, PAYMENT, under

LIES, LOSSES = "size of the lies", "share of the best"

REPEATED = Picture(
    (
        Panel(under(DISTANCE, NO_PAYMENT), "Lies without payment", "round", LIES),
        Panel(under(DISTANCE, PAYMENT), "Lies under the affine maximizer", "round", LIES),
        Panel(under(LOSS, NO_PAYMENT), "Welfare lost without payment", "round", LOSSES, share=True),
        Panel(under(LOSS, PAYMENT), "Welfare lost under the affine maximizer", "round", LOSSES, share=True),
    ),
    "Learning groups round by round, every learner against its own kind; both mechanisms on the same random numbers. "
    "Size of the lies: sum |w'r' - wr| / sum |wr|, mean over groups; it need not vanish where nothing is lost, since a "
    "constant added to every w r trains and pays the same. Rounds count from 1.",
)
