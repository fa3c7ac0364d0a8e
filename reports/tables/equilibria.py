"""Equilibria as tables for a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from reports.numbers import number
from simulate.dynamics.basins import Basins
from simulate.dynamics.rest_points import RestPoints
from simulate.empirical.normal_form import Array, NormalForm, Profile
from simulate.empirical.sampled import Sampled
from simulate.empirical.symmetric import SymmetricGame
from simulate.equilibria.base import Answer, Equilibrium
from simulate.equilibria.symmetric_nash import SymmetricAnswer

PLAYED = 5e-4  # an action played less often than 0.05 % is not shown
NEAR = 1e-4  # shares that look the same in print
MOST_ROWS = 40
FEW = 4  # rest points that nobody reached
MOST = 6  # actions of a player, or profiles of a joint, that are spelled out


def equilibria_table(
    title: str, game: NormalForm, answers: Mapping[str, Answer], samples: Sampled | None = None
) -> Table:
    """One row an equilibrium: who plays what how often, utilities, welfare loss and the largest regret.

    Where payoffs were estimated, the regret's interval over replicates stands below it.
    """
    table = _empty(title, "concept")
    rows = [(name, found) for name, answer in answers.items() for found in answer.equilibria]
    for name, found in rows[:MOST_ROWS]:
        regret = f"{float(np.max(found.regrets)):.1e}"
        if samples is not None and found.profile is not None:
            worst = samples.regret_intervals(found.profile)[int(np.argmax(found.regrets))]
            regret += f"\n[{number(worst[0])}, {number(worst[1])}]"
        cells = (name, play(game, found), "\n".join(map(number, found.utilities)), number(found.welfare_loss), regret)
        table.add_row(*map(Text, cells))
    if len(rows) > MOST_ROWS:
        table.caption = f"{len(rows) - MOST_ROWS} more; --json has them all"
    return table


def types_table(title: str, game: SymmetricGame, answers: Mapping[str, SymmetricAnswer]) -> Table:
    """One row a symmetric equilibrium; utilities are those of one agent of each type."""
    table = _empty(title, "game")
    for name, answer in answers.items():
        for found in answer.equilibria:
            shown = zip(game.types, game.sizes, game.actions, found.profile, strict=True)
            said = "\n".join(f"{size} x {kind}: {mixture(actions, x)}" for kind, size, actions, x in shown)
            worth = "\n".join(map(number, found.utilities))
            table.add_row(*map(Text, (name, said, worth, number(found.welfare_loss), f"{found.regrets.max():.1e}")))
    return table


def led_table(game: NormalForm, dynamic: str, found: tuple[RestPoints, Basins]) -> Table:
    """Where a dynamic rests and how much of the simplices it draws there."""
    rest, where = found
    title = f"{dynamic}: where {where.starts} random starts end, and where else it rests"
    table = Table(title=Text(title), title_justify="left", show_lines=True)
    for heading, justify in (("starts", "right"), ("play", "left"), ("kind", "left"), ("regret", "right")):
        table.add_column(heading, justify="right" if justify == "right" else "left", overflow="fold")
    for basin in where.basins[:MOST_ROWS]:
        share = f"{basin.share:.0%} [{basin.low:.0%}, {basin.high:.0%}]"
        cells = (share, profile_text(game, basin.profile), _kind(rest, basin.profile), f"{basin.regrets.max():.1e}")
        table.add_row(*map(Text, cells))
    if where.unsettled:
        table.add_row(f"{where.unsettled:.0%}", "did not settle", "", "")
    reached = [basin.profile for basin in where.basins]
    elsewhere = [p for p in rest.points if not any(_near(p.profile, profile) for profile in reached)]
    for point in elsewhere[:FEW]:
        cells = ("-", profile_text(game, point.profile), point.kind, f"{point.regrets.max():.1e}")
        table.add_row(*map(Text, cells))
    if len(elsewhere) > FEW:
        kinds = Counter(point.kind for point in elsewhere[FEW:])
        table.caption = f"{len(elsewhere) - FEW} more rest points that no start came near: " + ", ".join(
            f"{count} {kind}" for kind, count in kinds.items()
        )
    return table


def _empty(title: str, first: str) -> Table:
    table = Table(title=Text(title), title_justify="left", show_lines=True)
    table.add_column(first, no_wrap=True)
    table.add_column("play", overflow="fold")
    table.add_column("utilities", justify="right", no_wrap=True)
    table.add_column("welfare loss", justify="right", no_wrap=True)
    table.add_column("regret", justify="right", no_wrap=True)
    return table


def _kind(rest: RestPoints, profile: Profile) -> str:
    return next((point.kind for point in rest.points if _near(point.profile, profile)), "")


def _near(one: Profile, other: Profile) -> bool:
    return all(float(np.abs(x - y).max()) < NEAR for x, y in zip(one, other, strict=True))


def play(game: NormalForm, found: Equilibrium) -> str:
    """``left: overstate x8 | right: truth 60 %, overstate x2 40 %``; of a joint, its likeliest profiles."""
    if found.profile is None:
        return _joint(game, found.joint)
    return profile_text(game, found.profile)


def profile_text(game: NormalForm, profile: Profile) -> str:
    """One line a player."""
    shown = zip(game.players, game.actions, profile, strict=True)
    return "\n".join(f"{player}: {mixture(actions, share)}" for player, actions, share in shown)


def mixture(actions: Sequence[str], shares: Array) -> str:
    """The actions that are played, the most frequent first."""
    order = [int(a) for a in np.argsort(-shares, kind="stable") if shares[a] > PLAYED]
    if len(order) == 1:
        return actions[order[0]]
    more = f", {len(order) - MOST} more" if len(order) > MOST else ""
    return ", ".join(f"{actions[a]} {shares[a]:.1%}" for a in order[:MOST]) + more


def _joint(game: NormalForm, joint: Array) -> str:
    flat = joint.ravel()
    order = [int(cell) for cell in np.argsort(-flat, kind="stable") if flat[cell] > PLAYED]
    lines = [f"{flat[cell]:.1%} {_named(game, np.unravel_index(cell, joint.shape))}" for cell in order[:MOST]]
    return "\n".join([*lines, *([f"{len(order) - MOST} more profiles"] if len(order) > MOST else [])])


def _named(game: NormalForm, cell: Sequence[np.intp]) -> str:
    return "(" + ", ".join(actions[int(a)] for actions, a in zip(game.actions, cell, strict=True)) + ")"
