"""What the provider can earn for how much welfare: learned mechanisms against VCG with a larger beta."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from simulate.config import Config
from simulate.design import OBJECTIVES
from simulate.design.design import affine_design, built, vcg
from simulate.design.games import Games
from simulate.design.ledger import Ledger, mean, ratio

FLOORS = (0.999, 0.995, 0.99, 0.98, 0.95, 0.9)
FACTORS = (1.1, 1.25, 1.5, 2.0, 3.0)


@dataclass(frozen=True)
class Frontier:
    """One row a mechanism, on held-out games; every number but ``setting`` with ``_low`` and ``_high`` beside it.

    Columns: ``family, setting, welfare_share, profit, revenue, welfare, surplus``; a setting is a welfare floor, or a
    factor of beta.
    """

    scenario: str
    beta: float
    games: int
    rows: tuple[dict[str, Any], ...]


def frontier(games: Games, steps: int, rate: float, advance: Callable[[int], None] = lambda steps: None) -> Frontier:
    """VCG; the most profitable affine maximizer at several welfare floors; VCG at several multiples of beta."""
    config = games.learning.config
    most = OBJECTIVES["profit"]
    makers: list[tuple[str, float, Config]] = [("vcg", 1.0, vcg(config))]
    makers += [("learned", floor, affine_design(games, most, floor, steps, rate, advance)) for floor in FLOORS]
    makers += [("vcg at a larger beta", factor, vcg(config, factor)) for factor in FACTORS]
    on = games.held_out
    books = [games.books(built(made, games), on) for _, _, made in makers]
    rows = [_row(own, books[0]) for own in books]
    named = [{"family": family, "setting": setting} for family, setting, _ in makers]
    return Frontier(
        config.name,
        games.yardstick.beta,
        len(on.replicates),
        tuple({**name, **row} for name, row in zip(named, rows, strict=True)),
    )


def _row(books: Ledger, base: Ledger) -> dict[str, float]:
    found = {"welfare_share": ratio(books.welfare, base.welfare)}
    found |= {key: mean(getattr(books, key)) for key in ("profit", "revenue", "welfare", "surplus")}
    return {
        key if bound == "mean" else f"{key}_{bound}": value
        for key, interval in found.items()
        for bound, value in asdict(interval).items()
    }
