"""What the numbers of a report do not show."""

from __future__ import annotations

from reports.study import Study
from reports.thin import thin_sentences
from simulate.statistics import LEVEL, RESAMPLES


def limitations(study: Study) -> list[str]:
    """One paragraph each, those about this play first."""
    return [
        *(f"{sentence[0].upper()}{sentence[1:]}." for sentence in thin_sentences(study.rows)),
        "Settled play is taken to be the last fifth of the rounds, whether or not play had come to rest. "
        f"Intervals ({LEVEL:.0%} percentile bootstrap, {RESAMPLES} resamples) cover the replicates of this scenario "
        "only: random streams and drawn truths, not other scenarios, strategies or values of beta. Intervals "
        "are not adjusted for how many are shown; the p-values beside paired differences are.",
    ]
