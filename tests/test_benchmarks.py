"""Every benchmark gets a row, whatever the machine lacks, and the page keeps all rows with the machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from mechanisms.catalogue import MECHANISMS
from reports.benchmarks import MEASURED, updated
from reports.cli.app import app
from simulate.benchmarks import BENCHMARKS, device
from simulate.benchmarks.base import Action, Benchmark, Timing, measured
from simulate.benchmarks.device import AGENTS, RESPONSES, large_batch, moved, waited


def at_once() -> tuple[Action, Action]:
    return lambda: None, lambda: None


def broken() -> tuple[Action, Action]:
    raise RuntimeError("out of | paper")


QUICK = Benchmark("nothing", "nothing else", at_once, 1e9, 1)
BROKEN = Benchmark("paper", "no paper", broken, 1.0, 1)


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is measured, one that raises, one that wants a GPU."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for name in list(BENCHMARKS):
        monkeypatch.delitem(BENCHMARKS, name)
    for name, benchmark in {"broken": BROKEN, "device": device, "quick": QUICK}.items():
        monkeypatch.setitem(BENCHMARKS, name, benchmark)


@pytest.mark.usefixtures("three")
def test_one_that_raises_does_not_stop_the_others_and_is_told_at_the_end() -> None:
    done = CliRunner().invoke(app, ["bench", "--json"])
    assert done.exit_code == 1
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["broken"]["failed"]
    assert rows["broken"]["reason"] == "RuntimeError: out of | paper"
    assert rows["quick"]["ratio"] > 0
    assert rows["quick"]["met"] is True


@pytest.mark.usefixtures("three")
def test_without_a_gpu_its_benchmark_is_a_row_without_numbers_and_no_failure() -> None:
    done = CliRunner().invoke(app, ["bench", "device", "--json"])
    assert done.exit_code == 0
    (row,) = json.loads(done.stdout)
    assert [row[key] for key in ("ours_s", "peer_s", "ratio", "met")] == [None] * 4
    assert row["reason"] == "no CUDA device here"
    shown = CliRunner().invoke(app, ["bench", "device"])
    assert shown.exit_code == 0
    assert "not measured" in shown.stdout


@pytest.mark.usefixtures("three")
def test_the_page_keeps_what_stands_above_its_table_and_gets_every_row(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    page.write_text(f"# Ours\n\nWords.\n\n{MEASURED}\n| old | row |\n")
    assert CliRunner().invoke(app, ["bench", "--page", str(page)]).exit_code == 1
    text = page.read_text()
    assert text.startswith(f"# Ours\n\nWords.\n\n{MEASURED}\n")
    assert "old" not in text
    assert f"torch {torch.__version__}" in text
    rows = {line.split(" | ")[0].strip("| "): line for line in text.splitlines() if line.startswith("| ")}
    assert set(rows) == {"benchmark", "---", "broken", "device", "quick"}
    assert "| failed |" in rows["broken"]
    assert "| not measured |" in rows["device"]
    assert rows["quick"].endswith("| < 1e+09 | yes |")
    assert "out of \\| paper" in text
    assert len({line.count(" | ") for line in rows.values()}) == 1


def test_a_missed_target_is_said() -> None:
    page = updated("", [Timing("audit", 0.3, "one exponential", 0.1, 3.0, 3.0)], 0.0)
    assert "| audit | 300 | 100 | 3 | < 3 | no |" in page


def test_a_page_of_one_benchmark_alone_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "README.md"
    done = CliRunner().invoke(app, ["bench", "audit", "--page", str(page)])
    assert "leave NAME out" in str(done.exception)
    assert not page.exists()
    assert "no folder" in str(CliRunner().invoke(app, ["bench", "--page", str(page / "README.md")]).exception)


def test_an_error_while_timing_is_a_row_too() -> None:
    row = measured("late", Benchmark("late", "peer", lambda: (broken, broken), 1.0, 1))
    assert row.failed
    assert row.ratio is None


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32], ids=str)
def test_the_copied_numbers_are_all_that_comes_in_and_goes_out(dtype: torch.dtype) -> None:
    reference, reports = large_batch(20, dtype, "cpu")
    assert reports.rewards.shape == (20, AGENTS, 1, RESPONSES)
    outcome = MECHANISMS["vcg"].build()(reference, reports)
    assert outcome.payments.dtype == dtype
    tensors = (reports.rewards, reports.weights, reference.policy, outcome.policy, outcome.payments)
    assert moved(reference, reports) == sum(tensor.numel() for tensor in tensors)


def test_a_gpu_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: done.append("waited"))
    waited(lambda: done.append("called"))()
    assert done[-1] == "waited"
    assert done.count("waited") == 1
