"""What the page of a study says: the context of its templates, made once for every output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from reports.absent import missing_sentence
from reports.cautions import cautions
from reports.claims import claims
from reports.drawing import Drawing, svg
from reports.figures import FIGURES
from reports.figures.base import Illustration
from reports.findings import findings, headline, play_is_settled
from reports.games import Game
from reports.limitations import limitations
from reports.numbers import number
from reports.outputs.base import Report
from reports.provenance import commands, environment, pool_sentence
from reports.settings import rules, settings
from reports.study import Study
from reports.tables import TABLES
from reports.tables.agents import SHOWN as AGENT_COLUMNS
from reports.tables.agents import agents
from reports.text import agreed, listed
from reports.words import words
from simulate.metrics import METRICS
from simulate.statistics import LEVEL, RESAMPLES

MOST_ROWS = 60  # of the table of agents; the CSV has all
MOST_CHARACTERS = 20_000  # of a configuration
ARROWS = {"lower": "↓", "higher": "↑", "neither": ""}


@dataclass(frozen=True)
class Picture:
    """A figure on the page, drawn when an output shows it; ``missing`` says why there is none."""

    name: str
    title: str
    caption: str
    finding: str
    drawing: Drawing | None
    missing: str | None
    kind: str


def study_report(study: Study) -> Report:
    """Context, figures and tables."""
    pictures, images, frames = [], {}, {name: table(study) for name, table in TABLES.items()}
    for name, figure in FIGURES.items():
        picture = _picture(name, figure, study.games)
        pictures.append(picture)
        if picture.drawing is not None:
            images[name], frames[name] = picture.drawing, figure.data(study.games)
    return Report("page.html", "page.md", _context(study, pictures), images, frames)


def _picture(name: str, figure: Illustration, games: Sequence[Game]) -> Picture:
    """What is said about the figure, which is not drawn yet."""
    if (reason := figure.missing(games)) is not None:
        return Picture(name, figure.title, "", "", None, reason, figure.kind)
    drawing = Drawing(partial(drawn, figure, games))
    return Picture(name, figure.title, figure.caption(games), figure.finding(games), drawing, None, figure.kind)


def drawn(figure: Illustration, games: Sequence[Game]) -> bytes:
    """The figure as SVG: the dearest part of a report."""
    return svg(figure.draw(games))


def _context(study: Study, pictures: Sequence[Picture]) -> Mapping[str, Any]:
    games, config = study.games, study.games[0].config
    names = [game.name for game in games]
    table = agents(study)
    return {
        "title": f"{config.name}: {listed(names)}",
        "question": _question(config.name, names),
        "summary": config.summary,
        "headline": headline(study),
        "findings": findings(study),
        "unsettled": [row["name"] for g, row in zip(games, study.rows, strict=True) if not play_is_settled(g, row)],
        "metrics": METRICS,
        "arrows": ARROWS,
        "rows": study.rows,
        "best": _best(study),
        "ranked_by": study.ranked_by,
        "missing": missing_sentence(study.absent, names),
        "cautions": cautions(study),
        "paired": study.is_paired,
        "replicates": agreed(study.sizes.values()),
        "sizes": study.sizes,
        "resamples": RESAMPLES,
        "level": f"{LEVEL:.0%}",
        "pictures": pictures,
        "claims": [claim for game in games for claim in claims(game)],
        "rules": rules(study),
        "agents": table.head(MOST_ROWS).to_dict("records"),
        "agents_left_out": max(0, len(table) - MOST_ROWS),
        "agent_columns": AGENT_COLUMNS,
        "settings": settings(study),
        "commands": commands(games),
        "environment": environment(games),
        "pool": pool_sentence(config),
        "limitations": limitations(study),
        **words(study),
        "configurations": [(game.name, _configuration(game.run.folder / "config.toml")) for game in games],
    }


def _question(scenario: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"Where does play settle in {scenario} under {names[0]}?"
    return f"Which mechanism should be announced in {scenario}?"


def _best(study: Study) -> set[tuple[str, str]]:
    """``(mechanism, metric)`` of the cells that print the best number of their row, where not all do."""
    cells: set[tuple[str, str]] = set()
    for name, metric in METRICS.items():
        found = {row["name"]: row["metrics"][name]["iqm"] for row in study.rows}
        values = [value for value in found.values() if value is not None]
        if not study.comparable(name) or len(set(map(number, values))) < 2:
            continue
        best = number(min(values) if metric.better == "lower" else max(values))
        cells |= {(mechanism, name) for mechanism, value in found.items() if number(value) == best}
    return cells


def _configuration(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    if len(text) > MOST_CHARACTERS:
        return text[:MOST_CHARACTERS] + f"\n# ... {len(text) - MOST_CHARACTERS:,} more characters in the run folder"
    return text
