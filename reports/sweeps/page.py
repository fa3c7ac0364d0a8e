"""The page of a sweep: what is missing, which arm does best over the grid, how sure, and how to play it again."""

from __future__ import annotations

import shlex
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from reports.drawing import Drawing, svg
from reports.numbers import number, span
from reports.outputs.base import Report
from reports.provenance import machinery_in
from reports.sweeps.arms import COMPARED, SHOWN, Swept, estimates, pairs, read_swept
from reports.sweeps.illustrations import ILLUSTRATIONS, Illustration
from simulate.metrics import METRICS

WORST = 2  # of an arm
MOST_REASONS = 5
TIED = 1e-12  # a difference of nothing but rounding


def sweep_report(folder: Path) -> Report:
    """Context, figure and tables.  Raises BadInput."""
    swept = read_swept(folder)
    differences = pairs(swept)
    told = {name: one for name, one in ILLUSTRATIONS.items() if len(swept.done) and one.tells(swept)}
    images = {name: Drawing(partial(_drawn, one, swept)) for name, one in told.items()}
    frames = {"runs": swept.runs, "pairs": pd.DataFrame(differences), "failures": _failures(swept)}
    found = estimates(swept)
    context: dict[str, Any] = {
        "title": f"{swept.name}: a sweep of {swept.base}",
        "question": f"What does the sweep {swept.name} say?",
        "missing": _missing(swept),
        "headline": _headline(swept, differences),
        "arms": swept.arms,
        "counts": {arm: int((swept.done["arm"] == arm).sum()) for arm in swept.arms},
        "rows": [(metric, METRICS[metric], [found[metric].get(arm) for arm in swept.arms]) for metric in SHOWN],
        "pairs": differences,
        "varies": swept.varies,
        "figures": [(one.title, images[name], one.caption(swept)) for name, one in told.items()],
        "worst": _worst(swept),
        "failures": frames["failures"].head(20).to_dict("records"),
        "command": "trueward sweep config.toml --out ../again",  # no folder is named: the same page anywhere
        "configuration": (folder / "config.toml").read_text(encoding="utf-8")[:20_000],
        "environment": machinery_in([{**swept.manifest}]),
    }
    return Report("sweep.html", "sweep.md", context, images, frames)


def _drawn(one: Illustration, swept: Swept) -> bytes:
    return svg(one.draw(swept))


def _missing(swept: Swept) -> list[str]:
    """Before any number: failed runs, runs that were not played, files that are not what was written."""
    failed, unplayed = int((swept.runs["state"] == "failed").sum()), swept.asked - len(swept.runs)
    said = []
    if failed:
        reasons = Counter(swept.runs.loc[swept.runs["state"] == "failed", "failure"]).most_common(MOST_REASONS)
        said.append(
            f"{failed:,} of {swept.asked:,} runs failed: " + "; ".join(f"{n} x {why}" for why, n in reasons) + "."
        )
    if unplayed:
        said.append(f"{unplayed:,} of {swept.asked:,} runs have not been played; `trueward resume` plays them.")
    said += [f"{one}; `trueward resume` plays its runs again." for one in swept.damaged]
    return said


def _headline(swept: Swept, differences: list[dict[str, Any]]) -> str:
    games = swept.done["game"].nunique()
    over = f"over {len(swept.done):,} runs of {games:,} games"
    deciding = [pair for pair in differences if pair["metric"] == COMPARED[0]]
    if not deciding:
        return f"One arm, {swept.arms[0]}, {over}." if swept.arms else "No run has a number."
    most = max(deciding, key=lambda pair: abs(pair["difference"]))
    of = f"Of {len(swept.arms)} arms {over}"
    if most["low"] <= TIED and most["high"] >= -TIED:
        return f"{of}, none lies more than another, as far as {most['draws']:,} draws can tell."
    return (
        f"{of}, lies differ most between {most['better']} and {most['worse']}: "
        f"{number(most['difference'])} {span(most)}, paired over {most['draws']:,} draws."
    )


def _worst(swept: Swept) -> list[dict[str, Any]]:
    """The runs that lost the most welfare under each arm, and what plays each game again."""
    rows: list[dict[str, Any]] = []
    for _, own in swept.done.groupby("arm", sort=False):
        lost = own[own["welfare_loss"] > TIED]
        for row in lost.nlargest(WORST, "welfare_loss").to_dict("records"):
            rows.append({**{str(key): value for key, value in row.items()}, "only": _filters(swept, row)})
    return rows


def _filters(swept: Swept, row: dict[Any, Any]) -> str:
    """``--only KEY=VALUE`` for everything that varies, and the replicate."""
    said: list[str] = []
    for key in swept.varies:
        value = row[key]
        if value is not None and value == value:
            text = repr(value) if isinstance(value, float) else str(value)  # all its digits: it must be the same point
            said.append(f"--only {shlex.quote(f'{key}={text}')}")
    return " ".join([*said, f"--only replicate={row['replicate']}"])


def _failures(swept: Swept) -> pd.DataFrame:
    lost = swept.runs[swept.runs["state"] == "failed"]
    return lost[["run_key", "arm", "where", "replicate", "failure"]]
