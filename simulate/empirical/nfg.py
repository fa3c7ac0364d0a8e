"""Gambit's text format for strategic games, ``.nfg``, read and written here: the game goes to Gambit, Gambit not to us.

The format (Gambit's manual, "Game representation formats"): ``NFG 1 R "title" { player names }``, then how many
strategies each player has, ``{ 3 2 }``, or what they are called, ``{ { "a" "b" "c" } { "d" "e" } }``, then perhaps a
comment.  The *payoff version* goes on with everybody's payoffs at every profile, the first player's strategy moving
fastest; the *outcome version* with a list of outcomes ``{ { "name" 1, 1 } ... }`` and the number of the outcome at
every profile, 0 being an outcome that is worth nothing to anybody.
"""

from __future__ import annotations

import math
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np

from simulate.empirical.limits import LARGEST, MOST_NUMBERS, require_small
from simulate.empirical.normal_form import Array, NormalForm
from simulate.empirical.pieces import Label, Piece, Pieces, quoted, text, unexpected
from simulate.errors import BadInput

# as in a payoff: 1, -.5, 2e-3, 5/2; the lengths keep exact arithmetic on what a stranger wrote cheap
NUMBER = re.compile(
    r"[+-]?(?:\d{1,400}/\d{1,400}|(?:\d{1,400}\.?\d{0,400}|\.\d{1,400})(?:[eE][+-]?\d{1,3})?)", re.ASCII
)


def read_nfg(source: str) -> NormalForm:
    """The game in ``source``, in either version; welfare is the sum of payoffs.

    Labels that are empty or not distinct are replaced by numbers, as in ``NormalForm.of``.
    Raises BadInput, in one sentence, for whatever is not such a game.
    """
    pieces = Pieces.of(source)
    for piece in ("NFG", "1"):
        pieces.expect(piece)
    if pieces.take("'R'") not in ("R", "D"):
        raise BadInput("the third word is neither 'R' nor 'D'")
    pieces.label("the title")
    players = [text(piece, "a player's name") for piece in pieces.listed()]
    labels = _strategies(pieces)
    if len(labels) != len(players) or not players:
        raise BadInput(f"{len(players)} players are named and the strategies of {len(labels)} listed")
    sizes = tuple(len(own) for own in labels)
    if isinstance(pieces.peek(), Label):
        pieces.label("the comment")
    cells = _by_outcome(pieces, sizes) if pieces.peek() == "{" else _by_profile(pieces, sizes)
    game = NormalForm.of(np.stack([column.reshape(sizes, order="F") for column in cells.T]))
    named = [own if _usable(own) else plain for own, plain in zip(labels, game.actions, strict=True)]
    return replace(
        game,
        players=tuple(players) if _usable(players) else game.players,
        actions=tuple(tuple(own) for own in named),
    )


def write_nfg(game: NormalForm, title: str = "") -> str:
    """The payoff version; ``read_nfg`` of it has the same players, actions and payoffs to the last bit."""
    lines = [f"NFG 1 R {quoted(title)} {{ {' '.join(map(quoted, game.players))} }}", ""]
    lines += ["{", *(f"{{ {' '.join(map(quoted, own))} }}" for own in game.actions), "}", '""', ""]
    cells = np.stack([table.reshape(-1, order="F") for table in game.payoffs], axis=1)
    return "\n".join([*lines, *(" ".join(map(repr, cell)) for cell in cells.tolist()), ""])


def _strategies(pieces: Pieces) -> list[list[str]]:
    pieces.expect("{")
    found: list[list[str]] = []
    while (piece := pieces.peek()) != "}":
        if piece == "{":
            found.append([text(label, "a strategy's name") for label in pieces.listed()])
        else:
            count = _whole(pieces.take("a number of strategies"), "a number of strategies", MOST_NUMBERS)
            found.append([""] * count)
        if not found[-1]:
            raise BadInput(f"player {len(found)} has no strategies")
        require_small([len(own) for own in found])
    pieces.expect("}")
    return found


def _by_profile(pieces: Pieces, sizes: tuple[int, ...]) -> Array:
    """``[profiles, n]`` from payoffs."""
    numbers = pieces.rest
    expected = math.prod(sizes) * len(sizes)
    if len(numbers) != expected:
        raise BadInput(f"{len(numbers)} payoffs follow; {expected} are expected: {len(sizes)} at each profile")
    return np.array([_number(piece) for piece in numbers]).reshape(-1, len(sizes))


def _by_outcome(pieces: Pieces, sizes: tuple[int, ...]) -> Array:
    """``[profiles, n]`` from outcomes and their numbers."""
    pieces.expect("{")
    worth = [[0.0] * len(sizes)]
    while pieces.peek() == "{":
        name, *payoffs = pieces.listed() or [""]
        text(name, "an outcome's name")
        if len(payoffs) != len(sizes):
            raise BadInput(f"outcome {len(worth)} has {len(payoffs)} payoffs for {len(sizes)} players")
        worth.append([_number(piece) for piece in payoffs])
    pieces.expect("}")
    numbers = pieces.rest
    if len(numbers) != math.prod(sizes):
        raise BadInput(f"{len(numbers)} outcome numbers follow; there are {math.prod(sizes)} profiles")
    return np.array(worth)[[_whole(piece, "an outcome's number", len(worth) - 1) for piece in numbers]]


def _number(piece: Piece) -> float:
    if isinstance(piece, str) and NUMBER.fullmatch(piece) and not re.search(r"/0+$", piece):
        try:
            value = float(Fraction(piece)) if "/" in piece else float(piece)
        except OverflowError:
            value = math.inf
        if abs(value) <= LARGEST:
            return value
    raise unexpected(piece, f"a payoff (a number such as 1, -0.5 or 5/2, at most {LARGEST:g} in size)")


def _whole(piece: Piece, what: str, most: int) -> int:
    if isinstance(piece, str) and piece.isascii() and piece.isdigit() and len(piece) < 12 and int(piece) <= most:
        return int(piece)
    raise unexpected(piece, f"{what} (a whole number up to {most})")


def _usable(names: list[str]) -> bool:
    return all(name.strip() for name in names) and len(set(names)) == len(names)
