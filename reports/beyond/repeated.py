"""The picture of `simulate/beyond/repeated.py`."""

from reports.beyond.base import Panel, Picture
from simulate.beyond.repeated import DISTANCE, LOSS, NO_PAYMENT, PAYMENT

REPEATED = Picture(
    (
        Panel(DISTANCE, "Lies without payment", "round", "size of the lies", only=NO_PAYMENT),
        Panel(DISTANCE, "Lies under the affine maximizer", "round", "size of the lies", only=PAYMENT),
        Panel(LOSS, "Welfare lost without payment", "round", "share of the best", share=True, only=NO_PAYMENT),
        Panel(LOSS, "Welfare lost under the affine maximizer", "round", "share of the best", share=True, only=PAYMENT),
    ),
    "Learning groups round by round, every learner against its own kind; both mechanisms on the same random numbers. "
    "Size of the lies: sum |w'r' - wr| / sum |wr|, mean over groups. Rounds count from 1.",
    columns=2,
)
