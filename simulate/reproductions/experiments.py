"""The experiments beyond the paper, as reproductions without printed numbers."""

from __future__ import annotations

from functools import partial

from simulate.beyond import BEYOND
from simulate.beyond.base import Experiment, Point
from simulate.reproductions.base import Cell, Progress, Reproduced, Reproduction, Size


def beyond(name: str) -> Reproduction:
    """The experiment of that name."""
    experiment = BEYOND[name]
    asked = f"{experiment.question[0].lower()}{experiment.question[1:]}"
    return Reproduction(f"beyond the paper: {asked}", partial(_run, experiment))


def _run(experiment: Experiment, size: Size, progress: Progress) -> Reproduced:
    found = experiment.run(size.seed, experiment.games if size.games is None else size.games)
    progress(1)
    return Reproduced(experiment.question, tuple(map(_cell, found.points)), found.verdicts, found)


def _cell(point: Point) -> Cell:
    row, column = f"{point.quantity}: {point.series}", f"at {point.x:g}"
    ours, low, high = (value if value == value else None for value in (point.value, point.low, point.high))
    return Cell(row, column, None, ours, "beyond", note=point.status, low=low, high=high, tried=point.games)
