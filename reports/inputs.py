"""What a report was made from: every file it read, by its digest."""

from __future__ import annotations

from hashlib import sha256

from reports.games import Game
from reports.study import Study

READ = ("config.toml", "rounds.parquet", "outcomes.parquet")


def inputs(study: Study) -> list[tuple[str, str]]:
    """``(mechanism / file, SHA-256 of its bytes)``, in the order of the verdict."""
    return [(f"{game.name} / {file}", digest(game, file)) for game in study.games for file in READ]


def digest(game: Game, file: str) -> str:
    """SHA-256 of a file of the run folder, in hexadecimal digits."""
    return sha256((game.run.folder / file).read_bytes()).hexdigest()


def altered(study: Study) -> list[str]:
    """Mechanisms whose config.toml is no longer what was played, by the digest that the manifest keeps."""
    stated = {game.name: game.run.manifest.get("config_sha256") for game in study.games}
    return [g.name for g in study.games if stated[g.name] and stated[g.name] != digest(g, "config.toml")]
