"""The verdict in plain words: one sentence a mechanism, made from its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mechanisms.named import made, name_of
from reports.games import Game
from reports.numbers import number, span
from reports.study import Study
from strategies import STRATEGIES
from strategies.base import Fixed

CLOSE = 0.05  # lies below this are "close to the truth"
SLIGHT = 0.001  # a loss below this share of the best objective is "next to nothing"
SHORT = 10  # with fewer rounds, nobody can speak of settling


@dataclass(frozen=True)
class Finding:
    """``Under {mechanism} {says}``."""

    mechanism: str
    says: str


def headline(study: Study) -> str:
    """Which mechanism does best, or that the best two cannot be told apart."""
    names = [row["name"] for row in study.rows]
    if len(names) == 1:
        return f"What {study.games[0].config.name} comes to under {names[0]}, over {_replicates(study.replicates)}."
    metric = study.ranked_by
    pair = next(p for p in study.pairs if {p["better"], p["worse"]} == set(names[:2]) and p["metric"] == metric)
    of = f"Of {len(names)} mechanisms"
    if pair["difference"] is None:
        return f"{of}, none can be ranked: the {metric.replace('_', ' ')} is not a number."
    gap = f"({'paired ' if study.is_paired else 'unpaired '}difference {number(pair['difference'])} {span(pair)})"
    tied = pair["low"] <= 1e-12 and pair["high"] >= -1e-12
    if study.same_objective:
        if tied:
            return f"{of}, {names[0]} and {names[1]} lose the least welfare and cannot be told apart {gap}."
        return f"{of}, {names[0]} loses the least welfare; the next, {names[1]}, loses more {gap}."
    if tied:
        return f"{of}, {names[0]} and {names[1]} reach the most social welfare and cannot be told apart {gap}."
    return f"{of}, {names[0]} reaches the most social welfare; the next, {names[1]}, reaches less {gap}."


def findings(study: Study) -> list[Finding]:
    """One for each mechanism, the best first."""
    return [
        Finding(game.name, f"{_lies(game, row['metrics'])}, {_loss(row['metrics'])}; {_settling(game, row)}.")
        for game, row in zip(study.games, study.rows, strict=True)
    ]


def play_is_settled(game: Game, row: dict[str, Any]) -> bool:
    """Whether at least half of the replicates came to rest, in a game long enough to say so."""
    return len(game.history) >= SHORT and row["converged"] >= 0.5


def _lies(game: Game, metrics: dict[str, Any]) -> str:
    found = metrics["report_distance"]
    size = f"(lie size {number(found['iqm'])} {span(found)})"
    kinds = {name_of(agent.strategy) for agent in game.config.agents}
    if kinds == {"truthful"}:
        return f"agents tell the truth because the scenario says so {size}"
    if all(isinstance(made(STRATEGIES, a.strategy, "strategy"), Fixed) for a in game.config.agents):
        return f"agents say what their fixed strategies tell them {size}"
    if found["iqm"] is None:
        return "the size of the lies is not a number"
    if found["high"] < 5e-7:
        return f"agents end up telling the truth {size}"
    close = "close to the truth" if found["high"] < CLOSE else "lying"
    return f"agents end up {close} {size}"


def _loss(metrics: dict[str, Any]) -> str:
    loss, reached = metrics["welfare_loss"], metrics["objective"]
    if loss["iqm"] is None or reached["mean"] is None:
        return "and the welfare loss is not a number"
    best = reached["mean"] + loss["mean"]
    share = loss["mean"] / best if best > 0 else None
    size = f"{number(loss['iqm'])} {span(loss)}"
    if loss["high"] < 5e-7:
        return f"and no welfare is lost ({size})"
    if share is None:
        return f"and the welfare loss is {size}"
    slight = "which costs next to no welfare" if share < SLIGHT else "which costs welfare"
    return f"{slight} (loss {size}, {100 * share:.2g}% of the best objective)"


def _settling(game: Game, row: dict[str, Any]) -> str:
    rounds, n = len(game.history), len(game.history.replicates)
    if rounds < SHORT:
        return f"only {rounds} round{'s were' if rounds > 1 else ' was'} played, too few to speak of settling"
    settled = round(row["converged"] * n)
    if settled == 0:
        return "not converged: play settled in no replicate, so this is a snapshot, not a resting point"
    if settled == n:
        return f"play settled in {'all ' if n > 1 else ''}{_replicates(n)}"
    not_yet = "not converged: " if settled < n / 2 else ""
    return f"{not_yet}play settled in {settled} of {_replicates(n)}"


def _replicates(count: int) -> str:
    return f"{count} replicate{'s' if count > 1 else ''}"
