"""A pool as a folder: numbers in safetensors, texts in JSON lines, provenance in JSON, nothing that can run.

``tensors.safetensors``  reference, counts, log_probabilities and rewards.LABEL, all [P, K]
``responses.jsonl``      one line a response, to read: the numbers are those of the tensors, to six digits
``manifest.json``        `simulate.pools.manifest.Manifest`, with the sha256 of the two other files
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from torch import Tensor

from simulate.errors import sentence, shorten
from simulate.pools.manifest import Manifest
from simulate.pools.pool import Pool

TENSORS, RESPONSES, MANIFEST = "tensors.safetensors", "responses.jsonl", "manifest.json"
SUFFIXES = {".safetensors", ".json", ".jsonl"}


def write(pool: Pool, folder: Path | str) -> Path:
    """Write ``pool`` into ``folder``; the manifest comes last, so that half a pool cannot be read."""
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    (place / MANIFEST).unlink(missing_ok=True)
    lines = "".join(json.dumps(line, ensure_ascii=False, allow_nan=False) + "\n" for line in _lines(pool))
    data = {
        TENSORS: bytes_of({key: value.contiguous() for key, value in pool.tensors().items()}),
        RESPONSES: lines.encode(),
    }
    for name, content in data.items():
        (place / name).write_bytes(content)
    files = {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}
    manifest = Manifest.model_validate(pool.manifest | {"files": files}).model_dump(mode="json")
    text = json.dumps(manifest, indent=2, ensure_ascii=False, allow_nan=False)
    (place / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return place


def read(folder: Path | str) -> Pool:
    """The pool in ``folder``, after checking its files against their hashes, shapes and each other."""
    place = Path(folder)
    _only_data(place)
    manifest = _manifest(place / MANIFEST)
    tensors = _tensors(place / TENSORS, manifest)
    responses = _responses(place / RESPONSES, manifest, tensors["counts"])
    rewards = {record.label: tensors[f"rewards.{record.label}"] for record in manifest.rewards}
    fixed = {key: tensors[key] for key in ("counts", "log_probabilities", "reference")}
    document = manifest.model_dump(mode="json")
    try:
        return Pool(manifest.name, manifest.prompts, responses, rewards=rewards, manifest=document, **fixed)
    except ValueError as reason:
        raise ValueError(f"{place / TENSORS}: {reason}") from reason


def _lines(pool: Pool) -> Iterator[dict[str, Any]]:
    for p, row in enumerate(pool.responses):
        for k, text in enumerate(row):
            yield {
                "prompt": p,
                "response": k,
                "text": text,
                "count": int(pool.counts[p, k]),
                "log_probability": round(float(pool.log_probabilities[p, k]), 6),
                "rewards": {label: round(float(value[p, k]), 6) for label, value in pool.rewards.items()},
            }


def _only_data(place: Path) -> None:
    if not place.is_dir():
        raise ValueError(f"pool {str(place)!r} is not a folder; allowed is one with {TENSORS}, {RESPONSES}, {MANIFEST}")
    for path in sorted(place.iterdir()):
        if path.suffix not in SUFFIXES and not path.name.startswith("."):
            raise ValueError(f"{path}: a pool holds only {', '.join(sorted(SUFFIXES))}")


def _manifest(path: Path) -> Manifest:
    document = _json(path, _bytes(path))
    try:
        return Manifest.model_validate(document)
    except ValidationError as wrong:
        raise ValueError(f"{path}: {sentence(wrong, Manifest)}") from wrong


def _tensors(path: Path, manifest: Manifest) -> dict[str, Tensor]:
    try:
        tensors = tensors_of(_verified(path, manifest))
    except SafetensorError as reason:
        raise ValueError(f"{path}: not a safetensors file ({reason})") from reason
    wanted = {"reference", "counts", "log_probabilities", *(f"rewards.{r.label}" for r in manifest.rewards)}
    if tensors.keys() != wanted:
        odd = ", ".join(sorted(tensors.keys() ^ wanted))
        raise ValueError(f"{path}: {odd} missing or too many; allowed are {', '.join(sorted(wanted))}")
    return tensors


def _responses(path: Path, manifest: Manifest, counts: Tensor) -> tuple[tuple[str, ...], ...]:
    rows: list[list[str]] = [[] for _ in manifest.prompts]
    lines = _verified(path, manifest).split(b"\n")[:-1]
    for number, content in enumerate(lines, start=1):
        line = _json(path, content, number)
        p, k, text = line.get("prompt"), line.get("response"), line.get("text")
        if not (isinstance(p, int) and 0 <= p < len(rows) and k == len(rows[p]) and isinstance(text, str)):
            raise ValueError(f"{path}: line {number} is {shorten(line)}; allowed is the next response of a prompt")
        if k >= counts.shape[-1] or line.get("count") != counts[p, k]:
            raise ValueError(f"{path}: line {number} has count {line.get('count')!r}, not that in {TENSORS}")
        rows[p].append(text)
    return tuple(map(tuple, rows))


def _verified(path: Path, manifest: Manifest) -> bytes:
    content = _bytes(path)
    found, declared = hashlib.sha256(content).hexdigest(), manifest.files.get(path.name)
    if found != declared:
        raise ValueError(f"{path}: sha256 is {found}, allowed is only {declared} as in {MANIFEST}")
    return content


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as reason:
        raise ValueError(f"{path}: cannot be read ({reason.strerror})") from reason


def _json(path: Path, content: bytes, line: int = 1) -> dict[str, Any]:
    try:
        document = json.loads(content, parse_constant=_no_constant)
    except ValueError as reason:
        raise ValueError(f"{path}: line {line} is not JSON ({reason})") from reason
    if not isinstance(document, dict):
        raise ValueError(f"{path}: line {line} is {shorten(document)}; allowed is an object")
    return document


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number")
