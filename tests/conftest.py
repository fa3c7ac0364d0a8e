import os

import pytest
import torch
from hypothesis import HealthCheck, settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
settings.register_profile("trueward", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("trueward")


@pytest.fixture(autouse=True)
def one_thread() -> None:
    """As the command line does; small tensors gain nothing from a second thread."""
    torch.set_num_threads(1)
