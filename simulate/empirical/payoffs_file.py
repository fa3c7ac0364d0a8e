"""A game in a file: JSON, or Gambit's ``.nfg``."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanisms.named import unknown
from simulate.empirical.limits import LARGEST, MOST_PLAYERS, require_small
from simulate.empirical.nfg import read_nfg, write_nfg
from simulate.empirical.normal_form import Array, NormalForm
from simulate.errors import BadInput, shorten
from simulate.files import MAX_BYTES, read_mapping

SUFFIXES = (".json", ".nfg")
KEYS = ("payoffs", "players", "actions", "welfare", "optimum")


def read_game(path: Path) -> NormalForm:
    """The game in a ``.json`` or ``.nfg`` file.  Raises BadInput in one sentence that begins with the file."""
    if path.suffix not in SUFFIXES:
        raise BadInput(f"{path}: suffix {path.suffix!r} is not known; allowed are {', '.join(SUFFIXES)}")
    if path.suffix == ".json":
        data = read_mapping(path)
        return _named(path, lambda: game_of(data))
    return _named(path, lambda: read_nfg(_text(path)))


def write_game(path: Path, game: NormalForm) -> None:
    """Writes what ``read_game`` reads back: everything in JSON, all but welfare in ``.nfg``."""
    if path.suffix not in SUFFIXES:
        raise BadInput(f"{path}: suffix {path.suffix!r} is not known; allowed are {', '.join(SUFFIXES)}")
    text = write_nfg(game) if path.suffix == ".nfg" else json.dumps(document(game), allow_nan=False) + "\n"
    path.write_text(text, encoding="utf-8")


def document(game: NormalForm) -> dict[str, Any]:
    """The JSON document of a game."""
    values = (game.payoffs.tolist(), list(game.players), [list(own) for own in game.actions])
    return dict(zip(KEYS, (*values, game.welfare.tolist(), game.optimum), strict=True))


def game_of(data: Mapping[str, Any]) -> NormalForm:
    """The game of a document.

    ``payoffs`` is needed, one array ``[A_1, ..., A_n]`` a player; ``players`` (n names), ``actions`` (n lists of
    names), ``welfare`` (an array) and ``optimum`` (a number) are not.
    Raises BadInput, in one sentence, for arrays that are ragged, of the wrong shape, too large, or hold anything
    but finite numbers, for names that do not fit, and for other keys.

    >>> game_of({"payoffs": [[3, 1]], "actions": [["left", "right"]]}).actions
    (('left', 'right'),)
    """
    for key in data:
        if key not in KEYS:
            raise BadInput(unknown("key", key, KEYS))
    if "payoffs" not in data:
        raise BadInput("payoffs is missing: one array for each player")
    payoffs = rectangular(data["payoffs"], "payoffs")
    n, *sizes = payoffs.shape
    if len(sizes) != n:
        raise BadInput(
            f"payoffs has shape {list(payoffs.shape)}; {n} players need {n + 1} axes, "
            "one of players and one of each player's actions"
        )
    require_small(sizes)
    game = NormalForm.of(payoffs)
    if "players" in data:
        game = replace(game, players=_names(data["players"], n, "players"))
    if "actions" in data:
        game = replace(game, actions=_actions(data["actions"], tuple(sizes)))
    return _valued(game, data)


def rectangular(nested: Any, what: str) -> Array:
    """Lists of lists of numbers, all of one shape, as an array.  Raises BadInput."""
    level: list[Any] = [nested]
    shape: list[int] = []
    while isinstance(level[0], list) and len(shape) <= MOST_PLAYERS + 1:
        others = [part for part in level if not isinstance(part, list)]
        if others:
            raise BadInput(f"{what} is ragged: beside a list stands {shorten(others[0])}")
        lengths = sorted({len(part) for part in level})
        if len(lengths) > 1:
            raise BadInput(f"{what} is ragged: beside a list of {lengths[-1]} stands one of {lengths[0]}")
        if lengths == [0]:
            raise BadInput(f"{what} has an empty list; at least one player and one action each are needed")
        shape.append(lengths[0])
        level = [entry for part in level for entry in part]
    if not shape:
        raise BadInput(f"{what} is {shorten(nested)}; a list is expected")
    return np.array([_number(entry, what) for entry in level], dtype=np.float64).reshape(shape)


def _number(entry: Any, what: str) -> float:
    if isinstance(entry, bool) or not isinstance(entry, int | float) or not abs(entry) <= LARGEST:
        raise BadInput(f"{what} holds {shorten(entry)}; allowed are numbers up to {LARGEST:g} in size")
    return float(entry)


def _valued(game: NormalForm, data: Mapping[str, Any]) -> NormalForm:
    """With the welfare and the optimum that the document gives."""
    if "welfare" in data:
        welfare = rectangular(data["welfare"], "welfare")
        if welfare.shape != game.sizes:
            raise BadInput(f"welfare has shape {list(welfare.shape)}; the game's is {list(game.sizes)}")
        game = replace(game, welfare=welfare, optimum=float(welfare.max()))
    if "optimum" in data:
        game = replace(game, optimum=_number(data["optimum"], "optimum"))
    return game


def _actions(found: Any, sizes: tuple[int, ...]) -> tuple[tuple[str, ...], ...]:
    if not isinstance(found, list) or len(found) != len(sizes):
        raise BadInput(f"actions is {shorten(found)}; a list of names for each of {len(sizes)} players is expected")
    return tuple(_names(own, size, f"actions.{i}") for i, (own, size) in enumerate(zip(found, sizes, strict=True)))


def _names(found: Any, count: int, what: str) -> tuple[str, ...]:
    if not isinstance(found, list) or not all(isinstance(name, str) and name.strip() for name in found):
        raise BadInput(f"{what} is {shorten(found)}; a list of {count} names is expected")
    if len(found) != count:
        raise BadInput(f"{what} has {len(found)} names; {count} are expected")
    if len(set(found)) < count:
        raise BadInput(f"{what} names {next(name for name in found if found.count(name) > 1)!r} twice")
    return tuple(found)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise BadInput(f"cannot be read ({error.strerror})") from None
    if len(raw) > MAX_BYTES:
        raise BadInput(f"{len(raw)} bytes; at most {MAX_BYTES} are allowed")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"byte {error.start} is not UTF-8") from None


def _named(path: Path, read: Callable[[], NormalForm]) -> NormalForm:
    try:
        return read()
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
