"""Measured ratios as rows: for a terminal, and for a page that says on which machine they were measured."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from reports.outputs.markdown import plain
from simulate.benchmarks import BENCHMARKS
from simulate.benchmarks.base import Timing

HEADINGS = ("benchmark", "ours (ms)", "peer (ms)", "ours / peer", "target", "met")
MEASURED = "## Measured\n"  # what stands below this line of a page is replaced


def cells(timing: Timing) -> tuple[str, ...]:
    """One row, in the order of HEADINGS."""
    target = f"< {timing.target:.3g}"
    if timing.ratio is None or timing.ours_s is None or timing.peer_s is None:
        return timing.name, "", "", "failed" if timing.failed else "not measured", target, ""
    times = (f"{1e3 * seconds:.3g}" for seconds in (timing.ours_s, timing.peer_s))
    return timing.name, *times, f"{timing.ratio:.3g}", target, "yes" if timing.met else "no"


def updated(page: str, timings: Sequence[Timing], load: float) -> str:
    """The page with these numbers in place of the last ones; ``load`` is the machine's before the first of them."""
    table = [HEADINGS, ("---",) * len(HEADINGS), *map(cells, timings)]
    lines = [f"| {' | '.join(row)} |" for row in table]
    works = [f"- `{each.name}`: {plain(BENCHMARKS[each.name].summary)}; beside {plain(each.peer)}." for each in timings]
    why = [f"- `{each.name}`, not measured: {plain(each.reason)}" for each in timings if each.reason]
    before = page.partition(MEASURED)[0].rstrip()
    parts = [before, MEASURED.rstrip(), machine(load), "\n".join(lines), "\n".join([*works, *why])]
    return "\n\n".join(part for part in parts if part) + "\n"


def machine(load: float) -> str:
    """Processor, cores, versions, threads, GPU and what else was going on."""
    import torch

    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "no CUDA device"
    python, threads = platform.python_version(), torch.get_num_threads()
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, {gpu}, Python {python}, "
        f"torch {torch.__version__}, threads: {threads}; load before the first benchmark: {load:.2f}."
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()
