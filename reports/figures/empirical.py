"""The game of reports behind a run, and the part of a game that fits on paper."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from math import prod

import numpy as np
from numpy.typing import NDArray

from mechanisms.axioms.shared_lies import factorises
from reports.figures.base import Games, trained_to_the_end
from reports.games import Game
from reports.text import listed
from simulate.adapters.tuned import at_the_optimum
from simulate.config import parse
from simulate.empirical.menus import menus
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.report_game import PLAYERS, report_game
from simulate.equilibria.pure_nash import ROUNDING, stable
from simulate.errors import BadInput
from simulate.scenario import Scenario, build

MENU = "overstate"
MOST_GAMES = 4
MOST_MULTIPLIED = 300_000_000  # profiles x agents x prompts x responses, where payoffs are products: half a second
MOST_PLAYED = 100_000  # the same where every profile is trained on: a second under the slowest payment rule


@dataclass(frozen=True)
class Part:
    """Some actions of two players, while everybody else keeps to one."""

    game: NormalForm  # of the two players
    stable: NDArray[np.bool_]  # [A_1, A_2], where nobody gains by moving alone in the whole game
    who: tuple[int, int]  # the two players
    actions: tuple[list[int], list[int]]  # theirs, by their number in the whole game
    others: str  # what everybody else plays, a sentence; empty if there is nobody else


def two_players(game: NormalForm) -> Part:
    """The two players with the largest menus, the first ones at ties.

    Others play their action in the first pure equilibrium, or action 0 if there is none.  Raises ValueError for fewer
    than two players, and for payoffs that are not finite.
    """
    if game.n < 2 or not np.isfinite(game.payoffs).all():
        raise ValueError("a picture of a game needs two players and finite payoffs")
    first, second = sorted(sorted(range(game.n), key=lambda i: -game.sizes[i])[:2])
    return _part(game, (first, second), (list(range(game.sizes[first])), list(range(game.sizes[second]))))


def two_actions(game: NormalForm) -> Part:
    """Of the two players action 0, and the first other one that they play in a pure equilibrium, or else their last.

    Raises ValueError as `two_players`, and for a player without a second action.
    """
    who = two_players(game).who
    if min(game.sizes[i] for i in who) < 2:
        raise ValueError("a phase portrait needs two players with two actions each")
    cells = np.argwhere(stable(game))
    left = [[int(action) for action in cells[:, i] if action] + [game.sizes[i] - 1] for i in who]
    return _part(game, who, ([0, left[0][0]], [0, left[1][0]]))


def best_replies(game: NormalForm, player: int) -> NDArray[np.bool_]:
    """Which actions are best against what the others play: ``[A_1, ..., A_n]``; ties by rounding count as ties."""
    table = game.payoffs[player]
    found: NDArray[np.bool_] = table >= table.max(player, keepdims=True) - ROUNDING * abs(table).max()
    return found


def missing(games: Games) -> str | None:
    """Why there is no game to draw, in a sentence."""
    n = len(games[0].history.agents)
    if not PLAYERS[0] <= n <= PLAYERS[1]:
        return f"Not drawn: a game of reports is made for {PLAYERS[0]} to {PLAYERS[1]} agents, and there are {n:,}."
    if all(game.recipe.repeated for game in games):
        return "Not drawn: the mechanism is of several rounds, so that a report is worth what came before it."
    try:
        if not (drawn := tables(games)):
            return "Not drawn: there are too many responses and profiles of reports to train on each."
        for game in drawn.values():
            two_actions(game)
    except (ValueError, BadInput, OSError) as error:
        return f"Not drawn: {error}."
    return None


def tables(games: Games) -> dict[str, NormalForm]:
    """The game of reports under each mechanism, of replicate 0; the first few that are small and of one round."""
    return {game.name: _table(_text(game)) for game in _drawn(games)}


def what_is_fixed(games: Games) -> str:
    """What the games are, for captions."""
    left = [game.name for game in games if game.name not in tables(games)]
    why = f"at most {MOST_GAMES} are, none of several rounds, none whose game is too large"
    more = f" Not shown: {listed(left)} ({why})." if left else ""
    shot = "Computed, not played: one shot, replicate 0; everybody reports the truth or another weight."
    return f"{shot}{trained_to_the_end(games)}{more}"


def who_keeps(parts: dict[str, Part]) -> str:
    """What agents do who are not drawn, said once if it is the same under all mechanisms."""
    said = {name: part.others for name, part in parts.items() if part.others}
    if len(set(said.values())) == 1 and len(said) == len(parts):
        return f" {next(iter(said.values()))}."
    return "".join(f" {others} under {name}." for name, others in said.items())


def _part(game: NormalForm, who: tuple[int, int], actions: tuple[list[int], list[int]]) -> Part:
    cells = np.argwhere(stable(game))
    kept = [int(action) for action in (cells[0] if len(cells) else np.zeros(game.n))]
    index = np.ix_(*(dict(zip(who, actions, strict=True)).get(i, [kept[i]]) for i in range(game.n)))
    sizes = (len(actions[0]), len(actions[1]))
    others = [f"{game.players[i]} plays {game.actions[i][kept[i]]}" for i in range(game.n) if i not in who]
    payoffs = np.stack([game.payoffs[i][index].reshape(sizes) for i in who])
    names = tuple(tuple(game.actions[i][a] for a in own) for i, own in zip(who, actions, strict=True))
    pair = NormalForm(
        payoffs, tuple(game.players[i] for i in who), names, game.welfare[index].reshape(sizes), game.optimum
    )
    return Part(pair, stable(game)[index].reshape(sizes), who, actions, listed(others) if others else "")


def _drawn(games: Games) -> list[Game]:
    return [game for game in games if game.recipe.repeated is None and _small(_text(game))][:MOST_GAMES]


def _text(game: Game) -> str:
    return json.dumps(at_the_optimum(game.config).model_dump())


@lru_cache(maxsize=2 * MOST_GAMES)  # a figure asks for its frame, its drawing and two sentences
def _table(config: str) -> NormalForm:
    return report_game(_built(config), [MENU]).game()


def _built(config: str) -> Scenario:
    return build(parse(json.loads(config), "config.toml"), "config.toml", [0])


@lru_cache(maxsize=64)
def _small(config: str) -> bool:
    scenario = _built(config)
    sizes = [len(menu.labels) for menu in menus(scenario.truth, scenario.messages, [MENU])]
    most = MOST_MULTIPLIED if factorises(scenario.mechanism) else MOST_PLAYED
    return prod(sizes) * scenario.truth.rewards.numel() <= most
