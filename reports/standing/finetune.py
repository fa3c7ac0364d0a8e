"""A fine-tune, from its first step on."""

from __future__ import annotations

from pathlib import Path

from reports.standing.base import Kind, Standing, youngest
from simulate.config import Config
from simulate.errors import BadInput
from simulate.fine_tuning.begun import is_done, is_fine_tune

LAST = 5  # steps that the values are means over


def read_standing(folder: Path) -> Standing:
    """Steps, and what the last ones saw.  Raises BadInput."""
    from simulate.fine_tuning.folder import config_of
    from simulate.fine_tuning.plan import plan_of

    config = config_of(folder)
    total, ended = plan_of(config, str(folder / "config.toml")).tuner.steps, is_done(folder)
    done, facts = (total, _measured(folder)) if ended else _trained(folder, config)
    files = (path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    return Standing("fine-tune", config.name, ended, "steps", done, total, youngest(files), facts)


def _trained(folder: Path, config: Config) -> tuple[int, tuple[tuple[str, str], ...]]:
    """From the last checkpoint, of which there is one in five steps."""
    from simulate.fine_tuning.checkpoint import Checkpoint
    from simulate.fine_tuning.folder import digest
    from simulate.fine_tuning.plan import plan_of
    from simulate.fine_tuning.training import columns

    try:
        found = Checkpoint.read(folder, digest(config))
    except BadInput as error:
        return 0, (("checkpoint", str(error)),)
    if found is None or not len(found.seen):
        return 0, ()
    means = found.seen[-LAST:].mean(0).tolist()
    named = dict(zip(columns(plan_of(config, "config.toml")), means, strict=True))
    shown = {name: value for name, value in named.items() if name.startswith("reward.") or name == "kl"}
    return found.standing.step, tuple((name.replace(".", " of "), f"{value:.3f}") for name, value in shown.items())


def _measured(folder: Path) -> tuple[tuple[str, str], ...]:
    from simulate.store import read_json

    agents = read_json(folder / "summary.json").get("agents", [])
    return tuple((f"reward of {row['name']}", f"{row['after']['value']:.3f}") for row in agents)


FINE_TUNE = Kind(is_fine_tune, read_standing)
