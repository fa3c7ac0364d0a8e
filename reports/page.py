"""The page: a template filled with text, never with markup."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports.claims import claims
from reports.findings import findings, headline, play_is_settled, span
from reports.provenance import commands, dirty, environment, pool_sentence
from reports.settings import rules, settings
from reports.study import Study
from reports.tables.agents import SHOWN as AGENT_COLUMNS
from reports.tables.agents import agents
from reports.tables.terminal import number
from reports.text import listed, visible
from reports.thin import thin_sentences
from simulate.metrics import METRICS
from simulate.statistics import LEVEL, RESAMPLES

TEMPLATES = Path(__file__).parent / "templates"
MOST_ROWS = 60  # of the table of agents; the CSV has all
MOST_CHARACTERS = 20_000  # of a configuration
ARROWS = {"lower": "↓", "higher": "↑", "neither": ""}


@dataclass(frozen=True)
class Picture:
    """A figure on the page; ``missing`` says why there is none."""

    name: str
    title: str
    caption: str
    finding: str
    uri: str
    missing: str | None
    kind: str


def rendered(study: Study, pictures: Sequence[Picture]) -> str:
    """The HTML."""
    return templates().get_template("page.html").render(_context(study, pictures))


def templates() -> Environment:
    """Everything is escaped; no name can be missing; control characters are spelled out."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, finalize=visible,
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )  # fmt: skip
    found.filters["number"] = number
    found.filters["percent"] = lambda share: f"{share:.0%}"
    found.filters["words"] = lambda name: name.replace("_", " ")
    return found


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
        "pairs": study.against_best(),
        "ranked_by": study.ranked_by,
        "one_objective": study.same_objective,
        "span": span,
        "replicates": study.replicates,
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
        "dirty": dirty(games),
        "pool": pool_sentence(config),
        "thin": thin_sentences(study.rows),
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
