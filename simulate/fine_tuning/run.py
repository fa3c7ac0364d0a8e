"""One fine-tune from beginning to end, or from wherever it was interrupted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import torch

from mechanisms.fine_tuners.training.open_text import Climb
from simulate.config import Config
from simulate.errors import BadInput
from simulate.fine_tuning import folder as place
from simulate.fine_tuning.begun import is_done
from simulate.fine_tuning.build import built
from simulate.fine_tuning.checkpoint import Checkpoint
from simulate.fine_tuning.outcome import Outcome
from simulate.fine_tuning.plan import Plan, plan_of
from simulate.fine_tuning.samples import STAGES, listened
from simulate.fine_tuning.training import Progress, Watch, trained
from simulate.pools.build import weights_sha256
from simulate.store import read_json

EVERY = 5  # steps from checkpoint to checkpoint


def finetuned(
    config: Config, source: str, folder: Path, device: str = "cpu", watch: Watch = lambda progress: None
) -> dict[str, Any]:
    """Train, measure, write; returns the summary.  The folder must be fit to be written.  Raises BadInput."""
    plan = plan_of(config, source)
    climb = _built(plan, source, device)
    place.begin(folder, config, {"device": device}, datetime.now(UTC))
    return _finished(plan, climb, folder, None, device, watch)


def resumed(folder: Path, watch: Watch = lambda progress: None) -> dict[str, Any]:
    """Go on from the last checkpoint, to the numbers that an uninterrupted run would have; returns the summary.

    A folder that is finished is left as it is.  Raises BadInput.
    """
    if is_done(folder):
        return read_json(folder / "summary.json")
    config, device = place.config_of(folder), str(read_json(folder / "manifest.json").get("device", "cpu"))
    plan = plan_of(config, str(folder / "config.toml"))
    climb = _built(plan, str(folder / "config.toml"), device)
    return _finished(plan, climb, folder, Checkpoint.read(folder, place.digest(config), device), device, watch)


def _built(plan: Plan, source: str, device: str) -> Climb:
    try:
        return built(plan, device)
    except BadInput as error:
        raise BadInput(f"{source}: {error}") from None


def _finished(
    plan: Plan, climb: Climb, folder: Path, start: Checkpoint | None, device: str, watch: Watch
) -> dict[str, Any]:
    owner, frozen = place.digest(plan.config), weights_sha256(climb.law.model)
    last = trained(climb, plan, start, lambda checkpoint: checkpoint.write(folder, owner), EVERY, watch)
    _require_training(climb, plan, last, frozen)
    prompts = len(STAGES) * len(plan.reference.prompts)
    heard = _listening(watch, prompts)
    stages = listened(climb, last.standing.adapters, plan.tuner.evaluation, heard)
    return place.finish(folder, plan, last, Outcome(plan, **stages), {"device": device})


def _listening(watch: Watch, prompts: int) -> Callable[[int], None]:
    return lambda done: watch(Progress("listening", done, prompts))


def _require_training(climb: Climb, plan: Plan, last: Checkpoint, frozen: str | None) -> None:
    """Adapters have moved and nothing else has.  Raises ArithmeticError."""
    if weights_sha256(climb.law.model) != frozen:
        raise ArithmeticError("the weights of the language model itself have changed; only adapters may")
    first = climb.start(plan.tuner.rank, plan.tuner.layers).adapters
    pairs = zip(first.parameters(), last.standing.adapters.parameters(), strict=True)
    if all(torch.equal(before, after) for before, after in pairs):
        steps = last.standing.step
        raise ArithmeticError(f"after {steps} steps no adapter has changed: all responses are worth the same")
