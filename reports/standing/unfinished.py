"""A run or a comparison that trains language models and has not ended: it is going on, or was interrupted."""

from __future__ import annotations

import re
from pathlib import Path

from reports.standing.base import Kind, Standing, youngest
from simulate.unfinished import ADAPTERS, begun, unfinished

DEPLOYED = re.compile(r"round-(\d+)-replicates-(\d+)-(\d+)")


def read_unfinished(folder: Path) -> Standing:
    """Rounds of all mechanisms and batches, by the models that they deployed.  Raises BadInput."""
    run, config = unfinished(folder)
    games = [folder / ADAPTERS] if run.command == "run" else [folder / name / ADAPTERS for name in run.mechanisms]
    batches = -(-config.replicates // (run.batch or config.replicates))
    rounds = [_rounds(game) for game in games]
    stacks = [path for game in games for path in game.glob("stacks/*.safetensors")]
    facts = [("stacks of adapters trained", f"{len(stacks)}"), ("began", run.start)]
    if len(games) > 1:
        facts += [
            (game.parent.name, f"{done} of {config.rounds * batches} rounds") for game, done in _with(games, rounds)
        ]
    what = {"run": "run", "compare": "comparison"}.get(run.command, run.command)
    files = (path for game in games for path in game.rglob("*"))
    return Standing(
        what, config.name, False, "rounds", sum(rounds), config.rounds * batches * len(games), youngest(files),
        tuple(facts),
    )  # fmt: skip


def _rounds(game: Path) -> int:
    """How many rounds of how many batches have left a model; two files never say the same."""
    return len({found.groups() for path in game.glob("deployed/*") if (found := DEPLOYED.match(path.name))})


def _with(games: list[Path], rounds: list[int]) -> list[tuple[Path, int]]:
    return list(zip(games, rounds, strict=True))


UNFINISHED = Kind(begun, read_unfinished)
