"""The checklist that reviewers ask for, answered as far as the run folders know the answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from reports.claims import claims
from reports.comparisons import Comparisons
from reports.inputs import altered
from reports.provenance import commands, dirty, environment
from reports.text import counted, listed
from simulate.statistics import LEVEL, RESAMPLES


@dataclass(frozen=True)
class Answer:
    """``yes``, ``no`` or ``not applicable``, and why."""

    asked: str
    answer: Literal["yes", "no", "not applicable", "a person must say"]
    why: str


def checklist(comparisons: Comparisons) -> list[Answer]:
    """One answer an item, in the order of the reviewers' list."""
    return [ask(comparisons) for ask in ITEMS]


def _claims(comparisons: Comparisons) -> Answer:
    asked = "Does play agree with what the mechanisms claim?"
    found = [claim for game in comparisons.study.games for claim in claims(game)]
    broken = [f"{c.mechanism}: {c.axiom.replace('_', ' ')}" for c in found if c.verdict == "CONTRADICTS THE CLAIM"]
    tested = [claim for claim in found if claim.claimed and claim.violation is not None]
    if broken:
        return Answer(asked, "no", f"Play contradicts {listed(broken)}.")
    if not tested:
        return Answer(asked, "not applicable", "No claim of these mechanisms was put to the test by play.")
    return Answer(
        asked, "yes", f"{counted(len(tested), 'claim')} met play and none was violated; play cannot prove any."
    )


def _limitations(comparisons: Comparisons) -> Answer:
    return Answer("Are limitations stated?", "yes", "Those that the code knows are below; others a person must add.")


def _settings(comparisons: Comparisons) -> Answer:
    asked = "Is everything given that is needed to play again?"
    if changed := altered(comparisons.study):
        return Answer(asked, "no", f"config.toml of {listed(changed)} is not the one that was played.")
    again = counted(len(commands(comparisons.study.games)), "command")
    return Answer(asked, "yes", f"Full configurations, the seed and {again} to play everything again are on this page.")


def _error_bars(comparisons: Comparisons) -> Answer:
    asked, study = "Are there error bars, and is it said what they cover?", comparisons.study
    if min(study.sizes.values()) < 2:
        return Answer(asked, "no", "There is one replicate, so intervals have no width.")
    cover = "they cover random streams and drawn truths, not other scenarios, strategies or parameters"
    return Answer(asked, "yes", f"{LEVEL:.0%} percentile bootstrap over replicates ({RESAMPLES} resamples): {cover}.")


def _many(comparisons: Comparisons) -> Answer:
    asked = "Is it accounted for how many comparisons were made?"
    if not comparisons.made:
        return Answer(asked, "not applicable", "Nothing is compared.")
    return Answer(
        asked, "yes", f"{counted(comparisons.made, 'comparison')}, with Holm's adjustment beside the raw p-values."
    )


def _compute(comparisons: Comparisons) -> Answer:
    asked, known = "Is the compute stated?", dict(environment(comparisons.study.games))
    if "unknown" in (known["device"], known["seconds played"]):
        return Answer(asked, "no", "The manifest does not say on what, or for how long, it was played.")
    spent = f"Device {known['device']}, threads {known['threads']}, seconds of play {known['seconds played']}"
    return Answer(asked, "yes", f"{spent}; the kind of processor and its memory a person must add.")


def _code(comparisons: Comparisons) -> Answer:
    asked, games = "Can the code be had, as it was run?", comparisons.study.games
    commits = {str((game.run.manifest.get("git") or {}).get("commit")) for game in games}
    if "None" in commits:
        return Answer(asked, "no", "The code did not run from a checkout, so no commit is known; versions are below.")
    if dirty(games):
        return Answer(
            asked, "no", f"The checkout of commit {listed(sorted(commits))} held changes that no commit holds."
        )
    return Answer(asked, "yes", f"Commit {listed(sorted(commits))}; the versions of packages are below.")


def _data(comparisons: Comparisons) -> Answer:
    asked, config = "Can the data be had?", comparisons.study.games[0].config
    if isinstance(config.reference, dict) and {"pool", "language_model"} & {*config.reference}:
        return Answer(asked, "a person must say", "Pool, language model and reward models are named; where and under "
                      "which terms they can be had is not known to the run folder.")  # fmt: skip
    return Answer(asked, "yes", "The configuration holds all that is read; what is drawn follows from the seed.")


ITEMS: tuple[Callable[[Comparisons], Answer], ...] = (
    _claims,
    _limitations,
    _settings,
    _error_bars,
    _many,
    _compute,
    _code,
    _data,
)
