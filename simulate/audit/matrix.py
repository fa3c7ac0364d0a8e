"""The claims matrix: every catalogued mechanism against every axiom, as measured by the audit and kept in a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from mechanisms.axioms import AXIOMS
from mechanisms.catalogue import MECHANISMS
from simulate.audit.audit import Verdict, audit
from simulate.audit.counterexamples import COUNTEREXAMPLES
from simulate.config import Config, expanded, override, parse
from simulate.scenario import build

MEASURED = "measured.json"

Matrix = dict[str, dict[str, dict[str, Any]]]  # mechanism -> axiom -> {"status", "violation"}


def measured() -> Matrix:
    """The matrix as it was last recorded; a mechanism or axiom that came later is not in it."""
    found: Matrix = json.loads((files("simulate.audit") / MEASURED).read_text(encoding="utf-8"))["matrix"]
    return found


def measure(
    config: Config, names: Iterable[str] = MECHANISMS, advance: Callable[[int], None] = lambda steps: None
) -> Matrix:
    """Audit each mechanism on the same games, those of the scenario, with its beta."""
    keys = expanded(config.mechanism) if isinstance(config.mechanism, str) else config.mechanism.model_dump()
    data, matrix = config.model_dump(mode="json", exclude_none=True), Matrix()
    for name in names:
        data = override(data, {"mechanism": name, "mechanism.beta": keys["beta"]})
        scenario = build(parse(data, name), name)
        matrix[name] = {verdict.axiom: _cell(_by_hand(name, verdict)) for verdict in audit(scenario)}
        advance(1)
    return matrix


def status(verdict: Verdict) -> str:
    """proved: claimed, and no violation found; refuted: a witness; unknown: neither claimed nor violated."""
    if verdict.holds:
        return "proved" if verdict.claimed else "unknown"
    return "contradicted" if verdict.claimed else "refuted"


def shown(cell: Mapping[str, Any] | None) -> str:
    """``yes`` where a claim survived, the size of the witness where there is one, ``?`` where neither is known."""
    if cell is None:
        return "not measured"
    if cell["status"] == "proved":
        return "yes"
    if cell["status"] == "unknown":
        return "?"
    return f"{'CLAIMED ' if cell['status'] == 'contradicted' else ''}{cell['violation']:.2g}"


def _by_hand(name: str, verdict: Verdict) -> Verdict:
    """Where random games refute nothing: the verdict on a game made for the purpose, if there is one."""
    game = COUNTEREXAMPLES.get((name, verdict.axiom))
    if game is None or not verdict.holds:
        return verdict
    return audit(build(counterexample(name, verdict.axiom), name), [verdict.axiom], 1, 1)[0]


def counterexample(name: str, axiom: str) -> Config:
    """The game made by hand against a mechanism's axiom."""
    game = COUNTEREXAMPLES[name, axiom]
    return parse(override({**game, "mechanism": name}, {"mechanism.beta": game["mechanism"]["beta"]}), name)


def record(folder: Path, config: Config, matrix: Matrix) -> Path:
    """Write ``measured.json`` into a folder."""
    path = folder / MEASURED
    document = {"scenario": config.name, "axioms": list(AXIOMS), "matrix": matrix}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path


def _cell(verdict: Verdict) -> dict[str, Any]:
    shown = float(f"{verdict.violation:.3g}") if not verdict.holds else 0.0  # rounding differs between machines
    return {"status": status(verdict), "violation": shown}
