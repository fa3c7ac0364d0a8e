"""The same game with every player's payoffs between 0 and 1, where tolerances mean the same to everybody."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from simulate.empirical.normal_form import NormalForm


def scaled(game: NormalForm) -> NormalForm:
    """(u_i - min u_i) / (max u_i - min u_i), player by player; a player who is always paid the same gets 0.

    Positive affine maps of one player's payoffs keep all Nash equilibria and multiply that player's regrets.  A spread
    no larger than the rounding of the payoffs themselves counts as none.

    >>> scaled(NormalForm.of([[[1e6, 3e6]], [[2e-6, 2e-6]]])).payoffs.tolist()
    [[[0.0, 1.0]], [[0.0, 0.0]]]
    """
    flat = game.payoffs.reshape(game.n, -1)
    low, high = flat.min(1), flat.max(1)
    span = high / 2 - low / 2  # halved: the difference of two huge numbers may overflow, half of it does not
    rounding = np.finfo(float).eps * np.maximum(abs(low), abs(high))
    varied = span > np.maximum(rounding, np.finfo(float).tiny)
    table = np.where(varied[:, None], (flat / 2 - low[:, None] / 2) / np.where(varied, span, 1)[:, None], 0.0)
    return replace(game, payoffs=table.reshape(game.payoffs.shape))
