"""What a design maximises, as a mean over games."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from simulate.design.ledger import Ledger

Objective = Callable[[Ledger], Tensor]


def revenue(books: Ledger) -> Tensor:
    """Sum of payments."""
    return books.revenue.mean()


def profit(books: Ledger) -> Tensor:
    """Sum of payments - beta0 * D(policy, reference), beta0 the scenario's own beta."""
    return books.profit.mean()


def welfare(books: Ledger) -> Tensor:
    """Sum of weight * E[reward] - beta0 * D(policy, reference)."""
    return books.welfare.mean()
