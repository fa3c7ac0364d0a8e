"""A report: one self-contained page, with its figures and tables as files beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reports.drawing import data_uri, svg
from reports.figures import FIGURES
from reports.figures.base import Illustration
from reports.fine_tunes.page import fine_tune_page
from reports.games import Game, read_games
from reports.page import Picture, rendered
from reports.spreadsheet import csv_text
from reports.study import study_of
from reports.tables import TABLES
from simulate.errors import BadInput
from simulate.fine_tuning.begun import is_fine_tune
from simulate.fine_tuning.folder import read_fine_tune


def write_report(folders: Sequence[Path | str], out: Path | str | None = None) -> Path:
    """Write ``out/index.html`` (default: ``report/`` in the first folder) and return its path.  Raises BadInput.

    Each folder is a run folder or that of a comparison; several are reported together, as a comparison.  The folder of
    a fine-tune is reported alone.
    All numbers are recomputed from the parquet files, by the formulas of the comparison itself.
    """
    places = [Path(folder) for folder in folders]
    target = Path(out) if out is not None else Path(*places[:1], "report")
    if tuned := [folder for folder in places if is_fine_tune(folder)]:
        if len(places) > 1:
            raise BadInput(f"{tuned[0]} is a fine-tune, which has a page of its own; give no other folder beside it")
        return _written(
            Path(out) if out is not None else places[0] / "report", fine_tune_page(read_fine_tune(places[0]))
        )
    study = study_of(read_games(places))
    files: dict[str, bytes] = {f"tables/{name}.csv": csv_text(of(study)).encode() for name, of in TABLES.items()}
    pictures = []
    for name, illustration in FIGURES.items():
        picture, drawn = _picture(name, illustration, study.games)
        pictures.append(picture)
        files.update(drawn)
    files["index.html"] = rendered(study, pictures).encode()
    return _written(target, files)


def _picture(name: str, figure: Illustration, games: Sequence[Game]) -> tuple[Picture, dict[str, bytes]]:
    """The figure for the page, and its files."""
    if (reason := figure.missing(games)) is not None:
        return Picture(name, figure.title, "", "", "", reason, figure.kind), {}
    image = svg(figure.draw(games))
    files = {f"figures/{name}.svg": image, f"tables/{name}.csv": csv_text(figure.data(games)).encode()}
    caption, seen = figure.caption(games), figure.finding(games)
    return Picture(name, figure.title, caption, seen, data_uri(image), None, figure.kind), files


def _written(folder: Path, files: dict[str, bytes]) -> Path:
    """Write the files; the page comes last, so that a page there is a whole one."""
    try:
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
    return folder / "index.html"
