"""`trueward design`: learn a mechanism for a scenario."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.cli.options import (
    DeviceOption,
    JsonOption,
    ScenarioArgument,
    SeedOption,
    SetOption,
    checked_device,
    print_json,
    progress,
    settings,
)
from simulate.errors import BadInput
from simulate.load import load

if TYPE_CHECKING:
    from simulate.design.design import Design
    from simulate.design.games import Games

FILES = ("frontier.csv", "frontier.svg")
KEPT = ("revenue", "profit", "welfare", "surplus")


def design_command(
    scenario: ScenarioArgument,
    objective: Annotated[str, typer.Option(help="What is maximised: revenue, profit or welfare.")] = "profit",
    payment: Annotated[
        str,
        typer.Option(help="affine_maximizer: truth stays dominant; learned: for the scenario's rule, approximately."),
    ] = "affine_maximizer",
    welfare_floor: Annotated[
        float, typer.Option(help="Least share of vcg's welfare to keep (affine_maximizer only).")
    ] = 0.95,
    steps: Annotated[int, typer.Option(min=1, max=100_000, help="Gradient steps.")] = 300,
    rate: Annotated[float, typer.Option(min=1e-6, max=10.0, help="Adam's step size.")] = 0.05,
    games: Annotated[
        int | None,
        typer.Option(min=2, max=100_000, help="Games to learn from (default: 512, fewer large ones); others judge."),
    ] = None,
    seed: SeedOption = None,
    set_: SetOption = None,
    out: Annotated[
        Path | None, typer.Option(help="Scenario file to write (.toml, .yaml, .json); default: print the mechanism.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace older files at --out and --frontier.")
    ] = False,
    frontier: Annotated[
        Path | None, typer.Option(help="Folder for frontier.svg and frontier.csv: profit against welfare.")
    ] = None,
    device: DeviceOption = "cpu",
    as_json: JsonOption = False,
) -> None:
    """Learn a mechanism by gradient on games drawn from a scenario; judge it on others, and audit its incentives."""
    config = load(scenario, settings(set_, seed=seed))
    from simulate.design.design import design
    from simulate.design.games import drawn_games
    from simulate.design.written import checked_file, write_scenario

    if out is not None:
        checked_file(out, overwrite)
    if frontier is not None and not overwrite:
        _require_free(frontier)

    drawn = drawn_games(config, games, scenario, checked_device(device))
    with progress(f"{config.name}: steps", steps) as advance:
        made = design(drawn, objective, payment, welfare_floor, steps, rate, advance)
    where = None if out is None else str(write_scenario(out, made.config))
    drawing = {} if frontier is None else _frontier(frontier, drawn, steps, rate)
    document = {
        **_document(made, drawn), "objective": objective, "payment": payment, "steps": steps, "out": where, **drawing,
    }  # fmt: skip
    if as_json:
        print_json(document)
    else:
        _show(document, made)


def _document(made: Design, drawn: Games) -> dict[str, Any]:
    """What is said of a design, as JSON."""
    from dataclasses import asdict

    from simulate.design.design import audit_size
    from simulate.design.ledger import mean, ratio

    def stated(interval: Any) -> dict[str, float | None]:
        return {key: value if value == value else None for key, value in asdict(interval).items()}

    before, after = made.before, made.after
    audited, lies = audit_size(drawn)
    return {
        "scenario": made.config.name,
        "start": made.start,
        "games": len(drawn.learning.replicates),
        "held_out": len(drawn.held_out.replicates),
        "seed": made.config.seed,
        "before": {key: stated(mean(getattr(before, key))) for key in KEPT},
        "after": {key: stated(mean(getattr(after, key))) for key in KEPT},
        "ratio": {key: stated(ratio(getattr(after, key), getattr(before, key))) for key in KEPT},
        "regret": {
            when: {"worst": regret.max().item(), "mean": regret.mean().item()}
            for when, regret in (("before", made.regret_before), ("after", made.regret_after))
        },
        "searched": {"games": audited, "lies": lies},
        "games_differ": made.games_differ,
        "mechanism": made.config.model_dump(mode="json", exclude_none=True)["mechanism"],
    }


def _show(document: dict[str, Any], made: Design) -> None:
    from reports.numbers import number
    from simulate.design.written import scenario_text

    def cell(interval: dict[str, float | None]) -> Text:
        return Text(f"{number(interval['mean'])} [{number(interval['low'])}, {number(interval['high'])}]")

    console = Console()
    title = f"{document['scenario']}: mean over {document['held_out']} games not learned from [95 %]"
    table = Table(title=Text(title), title_justify="left")
    for heading in ("", document["start"], "learned", "learned / before"):
        table.add_column(Text(heading), justify="right" if heading else "left")
    for key in KEPT:
        table.add_row(key, *(cell(document[part][key]) for part in ("before", "after", "ratio")))
    for key in ("worst", "mean"):
        found = [document["regret"][when][key] for when in ("before", "after")]
        table.add_row(f"ex-post regret, {key}", *(f"{value:.2g}" for value in found), "")
    console.print(table)
    for sentence in _sentences(document):
        console.print(sentence, highlight=False, soft_wrap=True, markup=False)
    if document["out"] is None:
        text = scenario_text(made.config, ".toml")
        console.print(text[text.index("[mechanism"):], highlight=False, soft_wrap=True, markup=False)  # fmt: skip


def _sentences(document: dict[str, Any]) -> list[str]:
    """What the numbers mean."""
    searched, before, after = document["searched"], document["regret"]["before"], document["regret"]["after"]
    search = f"{searched['lies']} lies an agent and a climb from the best, {searched['games']} games"
    if document["payment"] == "learned":
        verdict = (
            f"approximate: measured regret {after['mean']:.2g} on average, {after['worst']:.2g} at worst "
            f"({before['mean']:.2g} and {before['worst']:.2g} unpaid; {search}); not incentive compatible"
        )
    else:
        verdict = f"truth is dominant by construction; measured regret at most {after['worst']:.2g} ({search})"
    said = [
        verdict,
        "surplus: welfare beyond the reference model's; profit: revenue minus the scenario's beta times divergence",
    ]
    if not document["games_differ"]:
        said.append("note: every game of this scenario is the same, so the mechanism was fitted to the agents' types")
    files = [document[key] for key in ("out", "frontier") if document.get(key)]
    return said + ([f"written: {', '.join(files)}"] if files else [])


def _require_free(folder: Path) -> None:
    for path in (folder / name for name in FILES):
        if path.exists():
            raise BadInput(f"--frontier: {path} exists; choose another folder, or say --overwrite")


def _frontier(folder: Path, drawn: Games, steps: int, rate: float) -> dict[str, Any]:
    from reports.drawing import svg
    from reports.figures.frontier import frontier_caption, frontier_data, frontier_figure, frontier_finding
    from reports.spreadsheet import csv_text
    from simulate.design.frontier import FLOORS, frontier

    with progress("frontier: steps", len(FLOORS) * steps) as advance:
        found = frontier(drawn, steps, rate, advance)
    contents = (csv_text(frontier_data(found)).encode(), svg(frontier_figure(found)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in zip(FILES, contents, strict=True):
            (folder / name).write_bytes(content)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
    said = {"caption": frontier_caption(found), "finding": frontier_finding(found)}
    return {"frontier": str(folder / FILES[-1]), "frontier_says": said}
