"""What the page of one fine-tune says: did rewards move, who pays, which texts."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

import pandas as pd

from reports.cautions import UNCOMMITTED
from reports.drawing import Drawing, svg
from reports.fine_tunes.climb import climb, finding
from reports.fine_tunes.sentences import findings, fit, headline, interval, limitations, refusals
from reports.named import spelled
from reports.outputs.base import Report
from reports.provenance import environment_in
from reports.references import reference_words
from reports.training import training_options
from simulate.fine_tuning.folder import FineTune
from simulate.fine_tuning.samples import STAGES

QUOTED = 3  # texts a prompt and stage: the first ones drawn, whatever they say
MOST_PROMPTS = 8
COLUMNS = ("before", "after", "difference", "valuation", "payment", "utility")
TOTALS = ("social_welfare", "objective", "reported_objective", "kl", "gap")


def fine_tune_report(tune: FineTune) -> Report:
    """Context, figure and tables."""
    drawing = Drawing(lambda: svg(climb(tune)))
    frames = {"agents": _agents(tune), "steps": tune.steps}
    return Report("finetune.html", "finetune.md", _context(tune, drawing), {"climb": drawing}, frames)


def _context(tune: FineTune, drawing: Drawing) -> dict[str, Any]:
    summary, config = tune.summary, tune.config
    return {
        "title": f"{config.name}: a fine-tune of {summary['language_model']}",
        "question": f"What does a fine-tune do for the agents of {config.name}?",
        "about": config.summary,
        "headline": headline(summary),
        "findings": findings(summary),
        "fit": fit(summary),
        "refusals": refusals(summary),
        "agents": summary["agents"],
        "columns": COLUMNS,
        "totals": [
            (key, interval(summary[key])) for key in ("social_welfare", "objective", "reported_objective", "kl")
        ],
        "interval": interval,
        "drawing": drawing,
        "seen": finding(tune),
        "quotes": _quotes(tune),
        "summary": summary,
        "settings": _settings(tune),
        "training_options": training_options(_fine_tuner(tune)),
        "environment": environment_in([tune.manifest]),
        "cautions": [UNCOMMITTED] if (tune.manifest.get("git") or {}).get("dirty") else [],
        "limitations": limitations(summary),
        "command": f"trueward finetune {shlex.quote(f'{tune.folder.resolve().name}/config.toml')}",
        "configuration": (tune.folder / "config.toml").read_text(encoding="utf-8")[:20_000],
    }


def _settings(tune: FineTune) -> list[tuple[str, str]]:
    """``(key, value)``."""
    config, mechanism = tune.config, tune.config.mechanism
    keys = (
        {}
        if isinstance(mechanism, str)
        else {
            "divergence": spelled(mechanism.divergence),
            "beta": f"{mechanism.beta:g}",
            "payment rule": spelled(mechanism.payment),
        }
    )
    return [
        ("scenario", config.name),
        ("reference", reference_words(config)),
        *keys.items(),
        ("seed", str(config.seed)),
    ]


def _fine_tuner(tune: FineTune) -> Any:
    mechanism = tune.config.mechanism
    return "exact" if isinstance(mechanism, str) else mechanism.fine_tuner


def _quotes(tune: FineTune) -> list[tuple[str, list[tuple[str, str]]]]:
    """``(prompt, [(before, after), ...])``: pairs come from the same uniforms."""
    quotes = []
    for prompt in list(dict.fromkeys(tune.samples["prompt"]))[:MOST_PROMPTS]:
        mine = tune.samples[tune.samples["prompt"] == prompt]
        before, after = (_texts(mine, stage) for stage in STAGES)
        quotes.append((prompt, list(zip(before, after, strict=True))))
    return quotes


def _texts(rows: pd.DataFrame, stage: str) -> Sequence[str]:
    return list(rows.loc[rows["stage"] == stage, "text"].head(QUOTED))


def _agents(tune: FineTune) -> pd.DataFrame:
    """One row an agent, intervals spread over columns; empty where nothing is stated."""
    rows = []
    for agent in tune.summary["agents"]:
        row = {key: agent[key] for key in ("name", "weight", "reported_weight", "effective_samples")}
        for column in COLUMNS:
            found = agent[column] or {}
            row |= {f"{column}.{part}": found.get(part) for part in ("value", "low", "high")}
        rows.append(row)
    return pd.DataFrame(rows)
