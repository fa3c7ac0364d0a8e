"""Leave out responses with words that nobody wants to ship, without bending the law of the others."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mechanisms.language_models.language_model import Samples


def withhold(samples: Samples, words: Sequence[str], keep: int) -> tuple[Samples, int]:
    """The first ``keep`` samples with none of ``words`` (whole, any case), and how many were passed over.

    Rejection sampling: the kept ones are independent draws of pi( . | none of the words).  Their
    log-probabilities stay those of pi, which differ by one constant a prompt.
    """
    listed = re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})\b", re.IGNORECASE) if words else None
    clean = [s for s, text in enumerate(samples.texts) if listed is None or not listed.search(text)]
    if len(clean) < keep:
        left = f"withhold leaves {len(clean)} of {len(samples.texts)} responses"
        raise ValueError(f"{left}; allowed is at least the {keep} of samples, so raise spare")
    rows = clean[:keep]
    texts = tuple(samples.texts[s] for s in rows)
    kept = Samples(texts, samples.token_ids[rows], samples.mask[rows], samples.log_probabilities[rows])
    return kept, rows[-1] + 1 - keep
