"""Every stack of adapters that a game trains, on disk: after an interruption it is found and not trained again.

stacks/DIGEST.safetensors                        all fine-tunes, counterfactual ones too, as they were trained together
deployed/round-0007-replicates-0-3.safetensors   the models that round 7 deployed, a row for each of these replicates

Their headers say in which round, for which replicates and, of deployed models, by which settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from mechanisms.base import Mechanism
from mechanisms.fine_tuners.trained import Trained
from mechanisms.fine_tuners.training.recalled import Rows
from mechanisms.language_models.adapters import Adapters
from mechanisms.training_rules.social_welfare import SocialWelfare
from simulate.adapters.files import SUFFIX, read_tensors, write_tensors
from simulate.errors import BadInput
from simulate.history import Round


class Kept:
    """A `Keeper` for some replicates of a game; a stack's name is the digest of all that it was trained on.

    Whoever trains a stack of that name gets the same numbers, so processes may share the folder.  A file that is
    truncated, changed or another's under this name counts as absent, and is replaced.
    """

    def __init__(self, folder: Path, replicates: tuple[int, ...], lenders: Sequence[Path] = ()) -> None:
        self.folder, self.replicates = folder, replicates
        self.lenders = lenders  # folders of other games, where the same fine-tune may lie
        self.round = 0  # that is being played

    def find(self, key: str) -> Rows | None:
        for folder in (self.folder, *self.lenders):
            found = read_tensors(_stack(folder, key))
            if found is not None and found[1].get("key") == key:
                if folder is not self.folder:
                    self.keep(key, found[0])
                return found[0]
        return None

    def keep(self, key: str, rows: Rows) -> None:
        write_tensors(_stack(self.folder, key), rows, {"key": key, **self._where()})

    def played(self, mechanism: Mechanism, played: Round | None) -> None:
        """Keep what a round deployed under ``mechanism``: ``[B]`` adapters, trained on everybody's reports.

        Of rules that do not train one model on a sum of rewards there are only stacks.
        """
        train = mechanism.train
        if played is not None and isinstance(train, SocialWelfare) and isinstance(train.fine_tuner, Trained):
            adapters = train.fine_tuner.adapters(played.reference, train.reward(played.reference, played.reports))
            write_tensors(
                self._deployed(), adapters.named(), {**self._where(), "settings": asdict(train.fine_tuner.settings)}
            )
        self.round += 1

    def _where(self) -> dict[str, object]:
        return {"round": self.round, "replicates": self.replicates}

    def _deployed(self) -> Path:
        first, last = self.replicates[0], self.replicates[-1]
        return self.folder / "deployed" / f"round-{self.round:04d}-replicates-{first}-{last}{SUFFIX}"


def _stack(folder: Path, key: str) -> Path:
    return folder / "stacks" / f"{key}{SUFFIX}"


def load_adapters(path: Path) -> Adapters:
    """The adapters in a file of a run folder, a row a model.  Raises BadInput where it is not such a file, whole."""
    found = read_tensors(path)
    if found is None:
        raise BadInput(f"{path}: not a whole file of adapters; allowed are those below a run folder's adapters/")
    return Adapters.from_named(found[0])
