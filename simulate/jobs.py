"""The only loop over rounds: jobs, which are replicates of a game, and how an engine plays them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from mechanisms.fine_tuners.training.climb import Watch
from simulate.adapters.kept import Kept
from simulate.adapters.tuned import tuned
from simulate.config import Config
from simulate.engines.base import Engine
from simulate.errors import BadInput
from simulate.history import History
from simulate.last_policies import last_policies
from simulate.market import Market
from simulate.scenario import build

Progress = Callable[[int], None]  # called with the number of rounds just played


@dataclass(frozen=True)
class Job:
    """Some replicates of one game, advanced together; its outcome depends on nothing else."""

    config: Config
    replicates: tuple[int, ...]
    dtype: torch.dtype = torch.float64
    device: str = "cpu"
    keep: Path | None = None  # the folder for adapters, where language models are trained and kept
    lenders: tuple[Path, ...] = ()  # such folders of other games, so that nothing is trained twice


def jobs_of(
    config: Config,
    batch: int | None,
    dtype: torch.dtype,
    device: str,
    keep: Path | None = None,
    lenders: tuple[Path, ...] = (),
    only: int | None = None,
) -> list[Job]:
    """A game's replicates, or ``only`` that one, ``batch`` at a time (default: all at once).  Raises BadInput."""
    numbers = tuple(range(config.replicates)) if only is None else (require_replicate(config, only),)
    size = batch or config.replicates
    parts = [numbers[i : i + size] for i in range(0, len(numbers), size)]
    return [Job(config, part, dtype, device, keep, lenders) for part in parts]


def require_replicate(config: Config, only: int) -> int:
    """The number of a replicate of the scenario.  Raises BadInput."""
    if not 0 <= only < config.replicates:
        raise BadInput(f"--only-replicate is {only}; {config.name} has the replicates 0 to {config.replicates - 1}")
    return only


def unwatched(progress: object) -> None:
    """Nobody looks at the steps of training."""


def played(job: Job, progress: Progress = lambda rounds: None, watch: Watch = unwatched) -> History:
    """The only loop over rounds."""
    scenario = build(job.config, job.config.name, job.replicates, job.dtype, job.device)
    kept = None if job.keep is None else Kept(job.keep, job.replicates, job.lenders)
    market = Market(replace(scenario, mechanism=tuned(scenario.mechanism, kept, watch)))
    for _ in range(job.config.rounds):
        mechanism = market.mechanism
        market.step()
        if kept is not None:
            kept.played(mechanism, market.last)
        progress(1)
    if market.last is not None:
        market.history.policies = last_policies(scenario.reference, market.last.outcome.policy, job.replicates)
    return market.history


def played_by(engine: Engine, jobs: Sequence[Job], progress: Progress, watch: Watch = unwatched) -> list[History]:
    """The histories of ``jobs``, in their order; the first failure ends all.

    Workers cannot call back: ``progress`` hears of a job of theirs when it has ended, and ``watch`` nothing.
    """
    with engine() as pool:
        if pool.here:
            return [pool.submit(played, job, progress, watch).result() for job in jobs]
        futures = [pool.submit(played, job) for job in jobs]
        for future in as_completed(futures):
            future.result()
            progress(jobs[futures.index(future)].config.rounds)
        return [future.result() for future in futures]
