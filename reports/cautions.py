"""What to know before the numbers are read: missing runs, pairing, objectives, the state of the checkout."""

from __future__ import annotations

from collections.abc import Iterator

from reports.inputs import altered
from reports.provenance import dirty
from reports.study import Study
from reports.text import listed

Caution = tuple[str, str]  # what, and a sentence on it

UNCOMMITTED = (
    "Not reproducible from a commit",
    "The checkout held uncommitted changes when this was made.",
)


def cautions(study: Study) -> list[Caution]:
    """In the order in which they matter; what is missing altogether is said before them (reports/absent.py)."""
    played = [*_altered(study), *([UNCOMMITTED] if dirty(study.games) else [])]
    return [*_fewer(study), *_unpaired(study), *_objectives(study), *played]


def _fewer(study: Study) -> Iterator[Caution]:
    """Runs whose files hold fewer replicates than their configuration asks for."""
    for game in study.games:
        found, asked = len(game.history.replicates), game.config.replicates
        if found < asked:
            alone = " It was played so (--only-replicate)." if "only_replicate" in game.run.manifest else ""
            says = f"{game.name} holds {found} of the {asked} replicates that its scenario names.{alone}"
            yield "Missing replicates", says


def _altered(study: Study) -> Iterator[Caution]:
    if names := altered(study):
        yield "Configuration changed", f"config.toml of {listed(names)} is not the one that was played, by its digest."


def _unpaired(study: Study) -> Iterator[Caution]:
    if study.is_paired:
        return
    seeds = {game.config.seed for game in study.games}
    why = "their seeds differ" if len(seeds) > 1 else "they do not hold the same replicates"
    yield (
        "Not a paired comparison",
        f"The mechanisms were not played on common random numbers, since {why}: differences hold the luck of both "
        "sides. Each side is resampled by itself, which gives wider intervals; the probability of improvement is over "
        "all pairs of replicates.",
    )


def _objectives(study: Study) -> Iterator[Caution]:
    if not study.same_objective:
        yield (
            "Different objectives",
            "These mechanisms do not maximise the same objective (training rule, divergence or beta differ), so "
            "welfare loss, objective and divergence are in each one's own units and are not compared; the ranking is "
            "by social welfare.",
        )
