"""A report: one page as HTML, PDF and Markdown, with its figures and tables as files beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reports.fine_tunes.page import fine_tune_report
from reports.games import read_runs
from reports.outputs import OUTPUTS
from reports.outputs.base import Report
from reports.page import study_report
from reports.study import study_of
from reports.sweeps.page import sweep_report
from simulate.errors import BadInput, no_such
from simulate.fine_tuning.begun import is_fine_tune
from simulate.fine_tuning.folder import read_fine_tune
from simulate.sweeps.place import is_sweep

QUICK = ("html", "markdown", "tables")  # the PDF takes longer than these together
PAGES = ("index.html", "report.pdf", "report.md")  # what to open, the first that is there


@dataclass(frozen=True)
class Written:
    """What lies in the folder of a report; ``notes`` says what is missing there, a sentence each."""

    folder: Path
    files: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def page(self) -> Path:
        """What to open first."""
        return self.folder / next((name for name in PAGES if name in self.files), "tables")


def write_report(folders: Sequence[Path | str], out: Path | str | None = None, formats: Sequence[str] = QUICK) -> Path:
    """Write ``out/index.html`` (default: ``report/`` in the first folder) and return its path.  Raises BadInput.

    Each folder is a run folder or that of a comparison; several are reported together, as a comparison.  The folder of
    a fine-tune is reported alone.  ``formats`` are names of `OUTPUTS`.
    All numbers are recomputed from the parquet files, by the formulas of the comparison itself.
    """
    return write_formats(folders, out, formats).page


def write_formats(
    folders: Sequence[Path | str], out: Path | str | None = None, formats: Sequence[str] = tuple(OUTPUTS)
) -> Written:
    """The same, and everything that was written.  Raises BadInput."""
    chosen = checked_formats(formats)
    places = [Path(folder) for folder in folders]
    return write_outputs(report_of(places), Path(out) if out is not None else places[0] / "report", chosen)


def write_outputs(report: Report, folder: Path, formats: Sequence[str] = tuple(OUTPUTS)) -> Written:
    """A report in the given formats, and everything that was written.  Raises BadInput."""
    made = [OUTPUTS[name](report) for name in formats]
    files = {name: content for each in made for name, content in each.files.items()}
    notes = tuple(note for each in made for note in each.notes)
    if not files:
        raise BadInput("; ".join(notes))
    _write(folder, files)
    older = [name for name in PAGES if name not in files and (folder / name).exists()]
    left = tuple(f"{name} there is of an earlier report" for name in older)
    return Written(folder, tuple(sorted(files)), (*notes, *left))


def report_of(places: Sequence[Path]) -> Report:
    """The report on a fine-tune, or on all runs in the folders.  Raises BadInput."""
    if tuned := [folder for folder in places if _is_fine_tune(folder)]:
        if len(places) > 1:
            raise BadInput(f"{tuned[0]} is a fine-tune, which has a page of its own; give no other folder beside it")
        return fine_tune_report(read_fine_tune(places[0]))
    if swept := [folder for folder in places if is_sweep(folder)]:
        if len(places) > 1:
            raise BadInput(f"{swept[0]} is a sweep, which has a page of its own; give no other folder beside it")
        return sweep_report(places[0])
    found = read_runs(places)
    return study_report(study_of(found.games, found.absent))


def checked_formats(names: Sequence[str]) -> list[str]:
    """Names of outputs in the order of the catalogue.  Raises BadInput for others, with the nearest."""
    for name in names:
        if name not in OUTPUTS:
            raise BadInput(f"--format: {no_such('format', name, OUTPUTS)}")
    if not names:
        raise BadInput(f"--format: no format is named; allowed are {', '.join(OUTPUTS)}")
    return [name for name in OUTPUTS if name in names]


def _is_fine_tune(folder: Path) -> bool:
    try:
        return is_fine_tune(folder)
    except BadInput:  # a damaged manifest, about which the reader of runs says more
        return False


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    """The page comes last, so that a page there is a whole one."""
    try:
        for name in sorted(files, key=lambda name: (name == "index.html", name)):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(files[name])
    except OSError as error:
        raise BadInput(f"{folder}: cannot be written ({error.strerror})") from None
