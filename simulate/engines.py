"""Where games are played: here, or in processes of this machine.  The numbers are the same, to the byte."""

from __future__ import annotations

import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from multiprocessing import active_children, get_context
from pathlib import Path

import torch

from mechanisms.fine_tuners.training.climb import Watch
from simulate.adapters.kept import Kept
from simulate.adapters.tuned import tuned
from simulate.config import Config
from simulate.errors import BadInput
from simulate.history import History
from simulate.last_policies import last_policies
from simulate.market import Market
from simulate.process import settle
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


Engine = Callable[[Sequence[Job], Progress], list[History]]  # histories in the order of jobs


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


def serial(jobs: Sequence[Job], progress: Progress) -> list[History]:
    """One after the other, in this process."""
    return [played(job, progress) for job in jobs]


def watched(engine: Engine, watch: Watch) -> Engine:
    """The same engine; `serial` tells ``watch`` every step of training, which worker processes cannot."""
    return (lambda jobs, progress: [played(job, progress, watch) for job in jobs]) if engine is serial else engine


def local(workers: int) -> Engine:
    """An engine of ``workers`` processes of this machine; more workers than jobs are not started."""

    def engine(jobs: Sequence[Job], progress: Progress) -> list[History]:
        context = get_context("spawn")  # a forked torch may hang
        with ProcessPoolExecutor(min(workers, len(jobs)), context, initializer=_prepare_worker) as pool:
            try:
                futures = [pool.submit(played, job) for job in jobs]
                for future in as_completed(futures):
                    future.result()  # the first failure ends the game
                    progress(jobs[futures.index(future)].config.rounds)
                return [future.result() for future in futures]
            except BaseException:  # an interrupt too: nobody waits for games that nobody wants any more
                for worker in active_children():
                    worker.terminate()
                raise

    return engine


def _prepare_worker() -> None:
    """An interrupt at the keyboard reaches the whole group; the parent decides what it means."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    settle()


ENGINES: dict[str, Callable[[int], Engine]] = {
    "serial": lambda workers: serial,
    "local": local,
}
