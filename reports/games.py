"""Run folders read back as games: the configuration, and the history that the parquet files hold."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from mechanisms.catalogue import MECHANISMS
from mechanisms.named import name_of
from mechanisms.recipe import Recipe
from reports.absent import Absent, reasons
from simulate.config import Config, MechanismConfig, parse
from simulate.errors import BadInput
from simulate.history import AGENT_COLUMNS, LATER_COLUMNS, OUTCOME_COLUMNS, History
from simulate.store import Run, checked_name, mechanism_name, read_json, read_run
from simulate.unfinished import begun, unfinished


@dataclass(frozen=True)
class Game:
    """What was played under one mechanism; ``name`` is what the page calls it."""

    name: str
    run: Run
    config: Config
    history: History

    @property
    def recipe(self) -> Recipe:
        """The mechanism by its names."""
        given = self.config.mechanism
        if isinstance(given, str):
            return MECHANISMS[given]
        return Recipe(**{key: getattr(given, key) for key in MechanismConfig.model_fields})

    @property
    def summary(self) -> str:
        """The catalogue's line on the pair of rules; empty where it has none."""
        return next((recipe.summary for recipe in MECHANISMS.values() if _same_rules(recipe, self.recipe)), "")


@dataclass(frozen=True)
class Reading:
    """The runs that could be read, and those that could not."""

    games: tuple[Game, ...]
    absent: tuple[Absent, ...]


def read_games(folders: Sequence[Path]) -> tuple[Game, ...]:
    """Every run in ``folders`` that can be read, under names that differ.  Raises BadInput."""
    return read_runs(folders).games


def read_runs(folders: Sequence[Path]) -> Reading:
    """Every run in ``folders``, under names that differ.  Raises BadInput where none can be read."""
    if not folders:
        raise BadInput("no folder is given; name a run folder, or the folder of a comparison")
    named = [pair for folder in folders for pair in _runs(folder)]
    if len({folder.resolve() for _, folder in named}) < len(named):
        raise BadInput(f"{', '.join(map(str, folders))}: a run folder is given twice")
    found = [_tried(name, folder) for name, folder in named]
    games, absent = [f for f in found if isinstance(f, Game)], [f for f in found if isinstance(f, Absent)]
    if not games:
        raise BadInput(absent[0].error if len(absent) == 1 else f"{folders[0]}: no run can be read; {reasons(absent)}")
    return Reading(_comparable(_told_apart(games)), tuple(absent))


def _tried(name: str | None, folder: Path) -> Game | Absent:
    """Damaged files fail in many ways, all of them a ValueError, an OSError or a missing key."""
    try:
        return _game(name, folder)
    except (ValueError, OSError, LookupError, TypeError) as error:
        return Absent(name or folder.resolve().name, folder, str(error))


def _runs(folder: Path) -> list[tuple[str | None, Path]]:
    """The run folders that a folder is or should hold, with the names that a comparison gave them."""
    if not folder.is_dir():
        raise BadInput(f"{folder}: no such folder; a run folder, or the folder of a comparison, is expected")
    if (folder / "manifest.json").exists():
        return [(None, folder)]
    path = folder / "comparison.json"
    if not path.exists() and begun(folder):
        started = unfinished(folder)[0].mechanisms
        return [(name, folder / checked_name(name)) for name in started] or [(None, folder)]
    if not path.exists():
        raise BadInput(f"{folder}: holds neither manifest.json nor comparison.json; it is not a run folder")
    try:
        rows = read_json(path).get("mechanisms")
    except BadInput as error:
        raise BadInput(f"{error}; the run folders beside it can be given one by one") from None
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) and "name" in row for row in rows):
        raise BadInput(f"{path}: mechanisms is {rows!r:.60}; a list of mappings with a name is expected")
    names = [checked_name(str(row["name"]), f"{path}: the name of a mechanism") for row in rows]
    return [(name, folder / name) for name in names]


def _game(name: str | None, folder: Path) -> Game:
    run = read_run(folder)
    config = parse(run.config, str(folder / "config.toml"))
    if isinstance(config.mechanism, str) and config.mechanism not in MECHANISMS:
        known = ", ".join(MECHANISMS)
        raise BadInput(f"{folder / 'config.toml'}: mechanism is {config.mechanism!r}; allowed are {known}")
    game = Game("", run, config, _history(run, config))
    return Game(name or _name(game), run, config, game.history)


def _name(game: Game) -> str:
    """The catalogue's name of the pair of rules, or what the run calls it."""
    known = (name for name, recipe in MECHANISMS.items() if _same_rules(recipe, game.recipe))
    return next(known, mechanism_name(game.config))


def _same_rules(a: Recipe, b: Recipe) -> bool:
    return (name_of(a.training), name_of(a.payment)) == (name_of(b.training), name_of(b.payment)) and (
        a.repeated == b.repeated
    )


def _told_apart(games: list[Game]) -> list[Game]:
    """Names that occur twice get the folder's name, and the one above it if need be."""
    for wider in (_with_folder, _with_parent):
        names = [game.name for game in games]
        if len(set(names)) == len(names):
            break
        games = [wider(game) if names.count(game.name) > 1 else game for game in games]
    return games


def _with_folder(game: Game) -> Game:
    return Game(f"{game.name} ({game.run.folder.resolve().name})", game.run, game.config, game.history)


def _with_parent(game: Game) -> Game:
    folder = game.run.folder.resolve()
    plain = re.sub(r" \([^()]*\)$", "", game.name)
    return Game(f"{plain} ({folder.parent.name}/{folder.name})", game.run, game.config, game.history)


def _comparable(games: list[Game]) -> tuple[Game, ...]:
    """Only games of one scenario can be compared, so these keys must agree."""
    for key, value in _SHARED.items():
        first = value(games[0])
        for game in games[1:]:
            if value(game) != first:
                raise BadInput(
                    f"{game.run.folder}: {key} is {_short(value(game))}, but {_short(first)} in {games[0].run.folder}; "
                    f"runs reported together must agree"
                )
    return tuple(games)


_SHARED: dict[str, Callable[[Game], Any]] = {
    "name (the scenario)": lambda game: game.config.name,
    "agents' names": lambda game: game.history.agents,
}


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _history(run: Run, config: Config) -> History:
    """The history whose frames the run folder holds.  Raises BadInput."""
    rounds, outcomes = run.rounds, run.outcomes
    for frame, file, columns in (
        (rounds, "rounds.parquet", ("replicate", "round", "agent", *AGENT_COLUMNS)),
        (outcomes, "outcomes.parquet", ("replicate", "round", *OUTCOME_COLUMNS)),
    ):
        if missing := [column for column in columns if column not in frame and column not in LATER_COLUMNS]:
            known = ", ".join(columns)
            raise BadInput(f"{run.folder / file}: the column {missing[0]!r} is missing; expected are {known}")
    agents, replicates = pd.unique(rounds["agent"]), np.asarray(pd.unique(outcomes["replicate"]))
    batch, n = len(replicates), len(agents)
    plays = len(outcomes) // max(batch, 1)
    for frame, file, rows in ((rounds, "rounds.parquet", n), (outcomes, "outcomes.parquet", 1)):
        expected = np.repeat(replicates, plays * rows), np.tile(np.repeat(np.arange(plays), rows), batch)
        found = frame["replicate"].to_numpy(), frame["round"].to_numpy()
        if plays == 0 or not all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True)):
            raise BadInput(f"{run.folder / file}: rows are not one per replicate and round, in that order, as written")
    history = History(tuple(map(str, agents)), tuple(map(int, replicates)))
    for name in AGENT_COLUMNS:
        history.rounds[name] = list(_numbers(rounds, name).reshape(batch, plays, n).transpose(1, 0, 2))
    for name in OUTCOME_COLUMNS:
        history.outcomes[name] = list(_numbers(outcomes, name).reshape(batch, plays).T)
    return history


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray:
    return frame[name].to_numpy(np.float64) if name in frame else np.full(len(frame), np.nan)
