"""An axiom is a violation: at most 0 where it holds.  Its argument is a game and the lies to try in it."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from mechanisms.base import Mechanism
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation

# (mechanism, reference, truth, lies) -> violation per agent [..., n]; lies have axes [M, n, ...] as in Deviations
Axiom = Callable[[Mechanism, Reference, Valuation, Valuation], Tensor]
