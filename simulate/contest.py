"""Mechanisms head to head on common random numbers."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mechanisms.catalogue import MECHANISMS
from mechanisms.fine_tuners.training.climb import Watch
from mechanisms.named import name_of
from simulate.config import Config, expanded
from simulate.engines.base import Engine
from simulate.engines.serial import serial
from simulate.errors import BadInput, no_such
from simulate.history import History, joined
from simulate.jobs import Progress, jobs_of, played_by, unwatched
from simulate.load import load
from simulate.metrics import METRICS
from simulate.statistics import Paired, paired, unpaired
from simulate.store import place_run, read_json, summary_of, write_json, write_run
from simulate.unfinished import ADAPTERS

RANKED = "welfare_loss"  # the metric that orders the verdict where all mechanisms maximise the same
FALLBACK = "social_welfare"  # the one that orders it elsewhere
OWN_UNITS = ("welfare_loss", "welfare_loss_average", "objective", "divergence")  # of what the mechanism maximises
AFFINE_UNITS = ("loss_from_rule", "loss_from_lies")  # of social welfare less the mechanism's own price of divergence


@dataclass(frozen=True)
class Contest:
    """The same scenario under several mechanisms: agents, truths and random streams are common to all."""

    configs: dict[str, Config]
    histories: dict[str, History]

    @property
    def same_objective(self) -> bool:
        """Whether all mechanisms maximise the same; only then can metrics in `OWN_UNITS` be compared."""
        return one_objective(self.configs.values())

    @property
    def ranked_by(self) -> str:
        """The metric that orders the verdict."""
        return RANKED if self.same_objective else FALLBACK

    @property
    def is_paired(self) -> bool:
        """Whether every replicate met the same random numbers under all mechanisms: one seed, the same replicates."""
        return len({(self.configs[name].seed, history.replicates) for name, history in self.histories.items()}) == 1

    def comparable(self, metric: str) -> bool:
        """Whether a metric has the same units under every mechanism, and a better side."""
        if METRICS[metric].better == "neither":
            return False
        if metric in AFFINE_UNITS:
            return one_price(self.configs.values())
        return self.same_objective or metric not in OWN_UNITS

    def verdict(self) -> dict[str, Any]:
        """``{"mechanisms": [...], "ranked_by": ..., "paired": [...]}``, mechanisms from the best to the worst."""
        rows = []
        for name, history in self.histories.items():
            summary = summary_of(self.configs[name], history)
            rows.append({"name": name, "metrics": summary["metrics"], "converged": summary["converged"]})
        sign = 1 if METRICS[self.ranked_by].better == "lower" else -1
        rows.sort(key=lambda row: sign * _number(row["metrics"][self.ranked_by]["mean"], if_none=sign * float("inf")))
        return {"mechanisms": rows, "ranked_by": self.ranked_by, "paired": self._paired()}

    def _paired(self) -> list[dict[str, Any]]:
        return [
            self._pair(a, b, metric)
            for metric in METRICS
            if self.comparable(metric)
            for a, b in combinations(self.histories, 2)
        ]

    def _pair(self, a: str, b: str, metric: str) -> dict[str, Any]:
        values = {name: METRICS[metric].value(self.histories[name]) for name in (a, b)}
        return better_first(a, b, metric, values, paired if self.is_paired else unpaired)


def compare(
    scenario: str | Path | Mapping[str, Any] | Config,
    mechanisms: Sequence[str],
    settings: Mapping[str, Any] | None = None,
    batch: int | None = None,
    dtype: torch.dtype = torch.float64,
    device: str = "cpu",
    engine: Engine = serial,
    progress: Progress = lambda rounds: None,
    keep: Path | None = None,
    watch: Watch = unwatched,
) -> Contest:
    """Play ``scenario`` under each mechanism.  Raises BadInput.

    A mechanism of the catalogue takes the scenario's divergence, beta, fine-tuner and warm start, so that only the
    rules differ.  Adapters go to ``keep`` / NAME / adapters, and those found there, or trained for another mechanism,
    are not trained again.

    >>> contest = compare("two_camps", ["no_payment", "vcg"], {"rounds": 4, "replicates": 2})
    >>> sorted(row["name"] for row in contest.verdict()["mechanisms"])
    ['no_payment', 'vcg']
    """
    configs = entries(scenario if isinstance(scenario, Config) else load(scenario, settings), mechanisms)
    below = {} if keep is None else {name: keep / name / ADAPTERS for name in configs}
    jobs = {
        name: jobs_of(config, batch, dtype, device, below.get(name), tuple(below[o] for o in below if o != name))
        for name, config in configs.items()
    }
    histories = iter(played_by(engine, [job for mine in jobs.values() for job in mine], progress, watch))
    return Contest(configs, {name: joined([next(histories) for _ in mine]) for name, mine in jobs.items()})


def entries(config: Config, mechanisms: Sequence[str]) -> dict[str, Config]:
    """The scenario under each mechanism, by name.  Raises BadInput for names that are unknown, or there twice."""
    found = {name: _under(config, name) for name in mechanisms}
    if len(found) < len(mechanisms):
        raise BadInput(f"--mechanisms {','.join(mechanisms)}: a mechanism is named twice")
    return found


def _under(config: Config, name: str) -> Config:
    if name not in MECHANISMS:
        raise BadInput(f"--mechanisms: {no_such('mechanism', name, MECHANISMS)}")
    kept = {key: _keys(config)[key] for key in ("divergence", "beta", "fine_tuner")}
    repeated = _keys(config).get("repeated")
    if repeated is not None and name_of(repeated) == "warm_start" and MECHANISMS[name].repeated is None:
        kept["repeated"] = repeated
    changed = {**config.model_dump(mode="json", exclude_none=True), "mechanism": {**expanded(name), **kept}}
    return Config.model_validate(changed)


def one_objective(configs: Iterable[Config]) -> bool:
    """Whether all mechanisms maximise the same, so that losses are in the same units."""
    return _agree(configs, "training", "divergence", "beta", "repeated")


def one_price(configs: Iterable[Config]) -> bool:
    """Whether divergence costs the same everywhere, so that affine social welfare is in the same units."""
    return _agree(configs, "divergence", "beta")


def _agree(configs: Iterable[Config], *keys: str) -> bool:
    return len({repr([_keys(config).get(key) for key in keys]) for config in configs}) == 1


def _keys(config: Config) -> dict[str, Any]:
    given = config.mechanism
    return dict(expanded(given)) if isinstance(given, str) else given.model_dump()


def better_first(
    a: str, b: str, metric: str, values: Mapping[str, np.ndarray], differ: Callable[..., Paired]
) -> dict[str, Any]:
    """Two mechanisms' values of a metric ``[B]``, the better one first; difference is better minus worse."""
    sign = 1 if METRICS[metric].better == "higher" else -1
    if sign * differ(values[a], values[b]).difference < 0:
        a, b = b, a
    found = differ(values[a], values[b])
    probability = found.larger if sign == 1 else 1 - found.larger
    numbers = {key: value for key, value in asdict(found).items() if key != "larger"}
    return {"better": a, "worse": b, "metric": metric, **numbers, "probability_of_improvement": probability}


def _number(value: float | None, if_none: float) -> float:
    return if_none if value is None else value


def write_contest(folder: Path, contest: Contest, started: datetime, options: dict[str, Any]) -> dict[str, Any]:
    """``comparison.json`` and a run folder per mechanism, whole or not at all.  Returns the verdict."""
    verdict = {"scenario": next(iter(contest.configs.values())).name, **contest.verdict(), "out": str(folder)}
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".writing-") as temporary:
        draft = Path(temporary) / folder.name
        draft.mkdir()
        for name, history in contest.histories.items():
            write_run(draft / name, contest.configs[name], history, started, options, out=folder / name)
        write_json(draft / "comparison.json", verdict)
        place_run(draft, folder, next(iter(contest.configs.values())))
    return read_json(folder / "comparison.json")  # in which null stands where nothing was measured
