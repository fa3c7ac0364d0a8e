"""Equal responses are one outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanisms.language_models.language_model import Samples


@dataclass(frozen=True)
class Merged:
    """The different texts of one prompt in the order they first came, all ``[K]``."""

    texts: tuple[str, ...]
    counts: NDArray[np.int64]
    log_probabilities: NDArray[np.float64]


def merge(samples: Samples) -> Merged:
    """Texts equal up to white space at their ends become one, with their counts added.

    Its log-probability is log sum_t pi(t) over the different token sequences t seen with that text.  It can
    be spelt in others that were not seen, so this is a lower bound, tight where one spelling dominates.
    """
    counts: dict[str, int] = {}
    spellings: dict[str, dict[tuple[int, ...], float]] = {}
    rows = zip(samples.texts, samples.token_ids, samples.mask, samples.log_probabilities.tolist(), strict=True)
    for raw, ids, mask, log_probability in rows:
        text = raw.strip()
        counts[text] = counts.get(text, 0) + 1
        spellings.setdefault(text, {})[tuple(ids[mask].tolist())] = log_probability
    log_sums = [np.logaddexp.reduce(list(ways.values())) for ways in spellings.values()]
    return Merged(tuple(counts), np.array(list(counts.values())), np.array(log_sums, dtype=np.float64))
