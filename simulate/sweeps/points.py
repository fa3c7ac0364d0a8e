"""The games of a sweep, one a point of its grid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from simulate.config import Config, override, parse
from simulate.errors import BadInput, shorten
from simulate.sweeps.file import SweepFile
from simulate.sweeps.keys import canonical, digest, pairing_seed

REPLICATE = "replicate"  # in a filter, beside the keys that vary


@dataclass(frozen=True)
class Point:
    """A game of the sweep; equal games are one point, which keeps the first of their overrides."""

    game: str  # the digest of what is played, the root seed included
    overrides: Mapping[str, Any] = field(compare=False)
    config: Config = field(compare=False)  # as it is played: its seed is the one that the mechanisms share


def points(sweep: SweepFile, source: str = "sweep") -> list[Point]:
    """In the order of their digests, which no place in the grid can change.  Raises BadInput."""
    found: dict[str, Point] = {}
    for overrides in combinations(sweep):
        point = _point(sweep, overrides, source)
        found.setdefault(point.game, point)
    return [found[game] for game in sorted(found)]


def combinations(sweep: SweepFile) -> Iterator[dict[str, Any]]:
    """Every combination of the grid, then the single points."""
    if sweep.grid or not sweep.points:
        for values in product(*sweep.grid.values()):
            yield dict(zip(sweep.grid, values, strict=True))
    yield from (dict(point) for point in sweep.points)


def only(found: Sequence[Point], filters: Mapping[str, Any], replicates: int) -> tuple[list[Point], Sequence[int]]:
    """The points whose overrides have these values, and the replicates: all, or the one that ``replicate`` names.

    Raises BadInput where a key does not vary or nothing is left.
    """
    of_points = {key: value for key, value in filters.items() if key != REPLICATE}
    numbers = [k for k in range(replicates) if filters.get(REPLICATE, k) == k]
    if not numbers:
        raise BadInput(f"--only {REPLICATE}={filters[REPLICATE]}: the sweep has the replicates 0 to {replicates - 1}")
    return (_having(found, of_points) if of_points else list(found)), numbers


def _having(found: Sequence[Point], filters: Mapping[str, Any]) -> list[Point]:
    keys = {key for point in found for key in point.overrides}
    for key in filters:
        if key not in keys:
            raise BadInput(f"--only {key}: it does not vary in this sweep; what varies is {', '.join(sorted(keys))}")
    left = [p for p in found if all(k in p.overrides and p.overrides[k] == v for k, v in filters.items())]
    if not left:
        raise BadInput(f"--only {', '.join(f'{k}={v}' for k, v in filters.items())}: no point of the sweep is that")
    return left


def _point(sweep: SweepFile, overrides: Mapping[str, Any], source: str) -> Point:
    assert isinstance(sweep.base, dict)
    where = f"{source}: at {said(overrides)}"
    try:
        # the whole mechanism before its keys, whatever the order in the file
        ordered = {key: overrides[key] for key in sorted(overrides, key=lambda key: key.count("."))}
        data = override({**sweep.base, "replicates": sweep.replicates}, ordered)
    except BadInput as error:
        raise BadInput(f"{where}: {str(error).removeprefix('--set ')}") from None
    config = parse(data, where)
    seed = pairing_seed(sweep.seed, config)
    game = digest({"root": str(sweep.seed), "played": canonical(config)})
    return Point(game, overrides, config.model_copy(update={"seed": seed}))


def said(overrides: Mapping[str, Any]) -> str:
    """``mechanism=vcg, mechanism.beta=0.5``, shortened."""
    return ", ".join(f"{key}={shorten(value, 40)}" for key, value in overrides.items()) or "the base"
