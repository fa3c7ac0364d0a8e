import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, settings

from reports.report import write_report
from simulate.contest import compare, write_contest
from tests.browser import Browser, missing, started

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", patient, max_examples=40, derandomize=True)  # the same tree passes again
settings.register_profile("new", patient, max_examples=100)  # finds more, whenever it is run: make test-all
settings.load_profile("same")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As the command line does; small tensors gain nothing from a second thread."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One headless Chromium for all tests of a process; where none is installed, they say so and are skipped."""
    if (reason := missing()) is not None:
        pytest.skip(reason)
    with started(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="session")
def contest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a small comparison, to be read and left as it is."""
    folder = tmp_path_factory.mktemp("runs") / "contest"
    played = compare("two_camps", ["no_payment", "vcg", "nash_welfare"], {"rounds": 6, "replicates": 3})
    write_contest(folder, played, datetime(2025, 1, 1, tzinfo=UTC), {"device": "cpu"})
    return folder


@pytest.fixture(scope="session")
def contest_page(contest: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report, with every figure."""
    return write_report([contest], tmp_path_factory.mktemp("contest_page"))
