"""The picture of `simulate/beyond/one_fine_tune.py`."""

from reports.beyond.base import Panel, Picture
from simulate.beyond.one_fine_tune import BUDGET, BY_COMPUTE, BY_SAMPLES, COVERED, OFF, REFUSED, SHARE

ERROR = "mean |error| / mean payment"

ONE_FINE_TUNE = Picture(
    (
        Panel(BY_SAMPLES, "Error against samples", "samples of every model used", ERROR, up="log"),
        Panel(BY_COMPUTE, "Error against compute", "compute of a round, in whole fine-tunes", ERROR, up="log"),
        Panel(SHARE, f"Effective samples of {BUDGET}", "beta", "of the group with the fewest", up="log"),
        Panel(REFUSED, f"Games refused at {BUDGET} samples", "beta", "share of games", share=True),
        Panel(COVERED, "Coverage of 95 % intervals", "beta", "share of groups", share=True),
        Panel(OFF, f"Error at {BUDGET} samples", "beta", ERROR, up="log"),
    ),
    "Payments from one fine-tune beside leave-one-out training and the heuristics of section 4.4. First panel: models "
    "trained to the end, payments estimated from samples. Second: payments exact given the models, which are trained "
    "for less. A game is refused where some group's payment would rest on fewer than 50 effective samples.",
)
