import os
from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, settings

from tests.browser import Browser, missing, started

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
settings.register_profile("trueward", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trueward")


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
