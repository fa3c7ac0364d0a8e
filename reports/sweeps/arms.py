"""The arms of a sweep: what is compared, and which of its runs met the same draws."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from simulate.config import Config
from simulate.contest import OWN_UNITS, better_first, one_objective
from simulate.significance import holm, sign_flip_p
from simulate.statistics import Estimate, estimate, paired
from simulate.store import mechanism_name
from simulate.sweeps.file import SweepFile
from simulate.sweeps.folder import damage, manifest_of, sweep_of
from simulate.sweeps.ledger import read_ledger
from simulate.sweeps.points import Point, points
from simulate.sweeps.points import combinations as combinations_of
from simulate.sweeps.results import results

SHOWN = ("welfare_loss", "report_distance", "utility_gain", "exploitability", "social_welfare", "revenue")
DRAWN = ("report_distance", "welfare_loss", "utility_gain", "revenue")
COMPARED = ("report_distance", "utility_gain", "exploitability", "social_welfare", "welfare_loss")


@dataclass(frozen=True)
class Swept:
    """A sweep, read: ``runs`` has one row a run.

    Its ``arm`` names the mechanism, ``where`` all else that varies, ``draws`` what of that is not the mechanism's: runs
    of equal draws and replicate met the same random numbers.
    """

    folder: Path
    name: str
    base: str
    runs: pd.DataFrame
    asked: int  # runs that the file asks for
    varies: tuple[str, ...]
    seed: int
    manifest: Mapping[str, Any]
    configs: Mapping[tuple[str, str], Config]  # by arm and where
    order: tuple[str, ...]  # of all arms, played or not
    damaged: tuple[str, ...]  # sentences on files that are not what was written

    @property
    def done(self) -> pd.DataFrame:
        """Those with numbers."""
        return self.runs[self.runs["state"] == "done"]

    @property
    def arms(self) -> tuple[str, ...]:
        """Those that were played, in the order in which the file names them."""
        played = set(self.runs["arm"])
        return tuple(arm for arm in self.order if arm in played)


def read_swept(folder: Path) -> Swept:
    """From the ledger, by the formula of the sweep itself; touches nothing.  Raises BadInput."""
    wanted = sweep_of(folder)
    games, known = points(wanted, str(folder)), read_ledger(folder)
    runs = results(games, wanted.replicates, known.entries)
    overrides = {point.game: point.overrides for point in games}
    varies = tuple(dict.fromkeys(key for point in games for key in point.overrides if _differs(games, key)))
    ours = [key for key in varies if _of_mechanism(key) and not _numeric(games, key)]
    named = zip(runs["game"], runs["plays"], strict=True)
    runs["arm"] = [_said(overrides[game], ours) or mechanism for game, mechanism in named]
    runs["where"] = [_said(overrides[game], [k for k in varies if k not in ours]) for game in runs["game"]]
    runs["draws"] = [_said(overrides[game], [k for k in varies if not _of_mechanism(k)]) for game in runs["game"]]
    configs = {point.game: point.config for point in games}
    placed = zip(runs["arm"], runs["where"], runs["game"], strict=True)
    played = {(arm, where): configs[game] for arm, where, game in placed}
    manifest = manifest_of(folder)
    damaged = tuple(wrong for shard in known.shards.values() if (wrong := damage(folder, shard)) is not None)
    order = tuple(dict.fromkeys(_said(given, ours) or mechanism for given, mechanism in _in_order(wanted, games)))
    base = wanted.base if isinstance(wanted.base, str) else str(wanted.base.get("name", "game"))
    asked = len(games) * wanted.replicates
    return Swept(folder, wanted.name, base, runs, asked, varies, wanted.seed, manifest, played, order, damaged)


def numeric(swept: Swept) -> list[str]:
    """The keys that vary and are numbers, with three values or more: those worth an axis."""
    numbers = [key for key in swept.varies if key in swept.runs and swept.runs[key].dtype == "Float64"]
    return [key for key in numbers if swept.done[key].nunique() >= 3]


def estimates(swept: Swept) -> dict[str, dict[str, Estimate]]:
    """By metric and arm: the interquartile mean over draws; runs that met the same draws are one, by their mean."""
    return {metric: {str(arm): estimate(by_draws(own, metric), 0) for arm, own in _arms(swept)} for metric in SHOWN}


def pairs(swept: Swept) -> list[dict[str, Any]]:
    """Differences of two arms where all else is the same, over draws; with p and Holm's adjustment.

    Games that differ in a number of the mechanism alone meet the same draws, so that their runs are not independent:
    differences are averaged over them before anything is resampled.
    """
    rows: list[dict[str, Any]] = []
    gaps: list[np.ndarray] = []
    for metric in COMPARED:
        for a, b in combinations(swept.arms, 2):
            if metric in OWN_UNITS and not _same_units(swept, a, b):
                continue
            both = _both(swept, metric, a, b)
            if len(both):
                values = {name: both[name].to_numpy() for name in (a, b)}
                rows.append({**better_first(a, b, metric, values, paired), "draws": len(both)})
                gaps.append(values[a] - values[b])
    p_values = [float(sign_flip_p(gap[:, None])[0]) for gap in gaps]
    adjusted = holm(p_values) if p_values else []
    return [row | {"p": p, "p_holm": float(q)} for row, p, q in zip(rows, p_values, adjusted, strict=True)]


def _same_units(swept: Swept, a: str, b: str) -> bool:
    """Whether both arms maximise the same wherever both were played."""
    places = [where for arm, where in swept.configs if arm == a and (b, where) in swept.configs]
    return all(one_objective([swept.configs[a, where], swept.configs[b, where]]) for where in places)


def _arms(swept: Swept) -> Iterator[tuple[str, pd.DataFrame]]:
    for arm in swept.arms:
        yield arm, swept.done[swept.done["arm"] == arm]


def by_draws(runs: pd.DataFrame, metric: str) -> np.ndarray:
    """``[draws]``, means over the runs that met the same ones; what is not measured is left out."""
    return runs.groupby(["draws", "replicate"])[metric].mean().dropna().to_numpy(dtype=float)


def _both(swept: Swept, metric: str, a: str, b: str) -> pd.DataFrame:
    """Columns ``a`` and ``b``, one row a draw: means over the games that both were played in."""
    runs = swept.done[swept.done["arm"].isin((a, b))]
    index = ["where", "draws", "replicate"]
    shared = runs.pivot_table(index=index, columns="arm", values=metric, aggfunc="first").astype(float)
    if a not in shared or b not in shared:
        return pd.DataFrame(columns=[a, b])
    return shared[[a, b]].dropna().groupby(["draws", "replicate"]).mean()


def _in_order(wanted: SweepFile, games: Sequence[Point]) -> list[tuple[Mapping[str, Any], str]]:
    """Overrides, and what the mechanism is called, as the file has them."""
    called = {json.dumps(dict(p.overrides), sort_keys=True): mechanism_name(p.config) for p in games}
    listed = [(given, called.get(json.dumps(given, sort_keys=True))) for given in combinations_of(wanted)]
    return [(given, name) for given, name in listed if name is not None]  # of equal games, the first


def _of_mechanism(key: str) -> bool:
    return key == "mechanism" or key.startswith("mechanism.")


def _differs(games: Sequence[Any], key: str) -> bool:
    return len({json.dumps(point.overrides.get(key), sort_keys=True) for point in games}) > 1


def _numeric(games: Sequence[Any], key: str) -> bool:
    values = [point.overrides[key] for point in games if key in point.overrides]
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _said(overrides: Mapping[str, Any], keys: Sequence[str]) -> str:
    """``vcg``, ``beta 0.5``: short words for what a game has of its own."""
    said = []
    for key in keys:
        if key in overrides:
            value = overrides[key]
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            said.append(text if key == "mechanism" else f"{key.removeprefix('mechanism.')} {text}")
    return ", ".join(said)
