"""Sweeps from people who mean no good: one sentence each, and nothing written."""

from __future__ import annotations

import json
import stat
from concurrent.futures import Executor, ThreadPoolExecutor
from concurrent.futures.process import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from reports.cli.app import app
from reports.cli.sweep import _folder
from simulate.engines.executor import of_executor
from simulate.errors import BadInput
from simulate.sweeps.file import parsed
from simulate.sweeps.points import points
from simulate.sweeps.sweep import Playing, sweep
from tests.test_sweeps import TINY, bytes_of

THOUSAND = list(range(1, 1001))
HOSTILE = {
    "a billion points": ({"grid": {"seed": THOUSAND, "rounds": THOUSAND, "mechanism.beta": THOUSAND}}, "8,000,000,000"),
    "a truth value for a seed": ({"seed": True}, "seed is True"),
    "a truth value for replicates": ({"replicates": True}, "replicates is True"),
    "NaN for a seed": ({"seed": float("nan")}, "seed is nan"),
    "a seed of 129 bits": ({"seed": 2**128}, "less than"),
    "NaN in a grid": ({"grid": {"mechanism.beta": [float("nan")]}}, "only finite numbers are allowed"),
    "infinity in a grid": ({"grid": {"agents.0.weight": [float("inf")]}}, "only finite numbers are allowed"),
    "an empty key": ({"grid": {"": [1]}}, "no key ''"),
    "Python's own keys": ({"grid": {"__class__.x": [1]}}, "no key '__class__'"),
    "a negative index": ({"grid": {"agents.-1.weight": [1]}}, "not an index"),
    "escape sequences": ({"grid": {"\x1b[2J": [1]}}, "\\x1b[2J"),
    "ten million rounds and more": ({"grid": {"rounds": [10**12]}}, "less than or equal to"),
    "a name outside": ({"name": "../x"}, "name is '../x'"),
    "a name with a newline": ({"name": "a\n"}, "name is"),
    "a base outside": ({"base": "../../etc/passwd"}, "base: "),
    "a base with NUL": ({"base": "a\0b"}, "base"),
    "a base longer than names are": ({"base": "a" * 5000}, "File name too long"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_sweeps_are_refused_in_a_sentence(what: str) -> None:
    more, said = HOSTILE[what]
    with pytest.raises(BadInput) as refused:
        points(parsed({"base": "two_camps", **more}))
    message = str(refused.value)
    assert said in message
    assert "\n" not in message
    assert "\x1b" not in message


@pytest.mark.parametrize("name", ["..", "a/..", "-rf", "%2e%2e", "a b", "a\nb", "x" * 101, "", ".hidden"])
def test_folders_with_unsafe_names_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="the folder's name is"):
        _folder(Path(name), overwrite=True, resume=False)


def test_a_link_is_not_overwritten(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    (real / "rounds").mkdir(parents=True)
    (real / "config.toml").touch()
    link.symlink_to(real)
    with pytest.raises(BadInput, match="is a link"):
        _folder(link, overwrite=True, resume=False)
    assert (real / "config.toml").exists()


@pytest.mark.parametrize("kind", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_any_executor_plays_the_same_bytes_and_no_secret_is_kept(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_never_to_be_seen")
    small: dict[str, Any] = {**TINY, "grid": {"rounds": [2], "exploitability": [0]}, "replicates": 2}
    sweep(small, tmp_path / "here")
    executor: Executor = ThreadPoolExecutor(1)
    if kind == "processes":
        executor = ProcessPoolExecutor(1, get_context("spawn"))
    with executor:
        sweep(small, tmp_path / "there", Playing(engine=of_executor(executor, 1)))
    assert bytes_of(tmp_path / "here") == bytes_of(tmp_path / "there")
    for path in (path for path in tmp_path.rglob("*") if path.is_file()):
        assert b"hf_never" not in path.read_bytes()
        assert not path.stat().st_mode & stat.S_IWOTH


OPTIONS = {
    "--memory 1": "300MB and more are allowed",
    "--memory 99999999999T": "300MB and more are allowed",
    "--memory=-5": "a size is expected",
    "--only x": "--only 'x': KEY=VALUE is expected",
    "--only x=1": "it does not vary in this sweep",
    "--only rounds=7": "no point of the sweep is that",
    "--only replicate=3": "the replicates 0 to 2",
    "--address head:1 --device cuda": "needs --gpus",
    "--engine local --address auto": "has no use for --address",
    "--engine dask": "allowed are serial, local, ray",
    "--engine serial --timeout 3": "cannot end a run",
    "--out afile": "is a file; a folder is needed",
    "--out afile/deeper": "cannot be written",
    "--timeout nan": "timeout",
    "--timeout inf": "timeout",
    "--workers 0": "workers",
    "--workers 1000000": "workers",
    "--gpus nan": "gpus",
    "--max-failures 0": "max-failures",
}


@pytest.mark.parametrize("given", OPTIONS)
def test_hostile_options_are_refused_in_a_sentence_and_nothing_is_written(
    given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tiny.json").write_text(json.dumps(TINY))
    (tmp_path / "afile").touch()
    done = CliRunner().invoke(app, ["sweep", "tiny.json", *given.split()])
    said = str(done.exception) if isinstance(done.exception, BadInput) else done.output
    assert isinstance(done.exception, BadInput) or done.exit_code == 2
    assert OPTIONS[given] in said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["afile", "tiny.json"]


def test_a_number_beyond_all_floats_is_refused() -> None:
    with pytest.raises(BadInput, match="only finite numbers are allowed"):
        points(parsed({"base": "two_camps", "grid": {"mechanism.beta": [10**400]}}))


def test_a_bad_name_is_told_what_names_are() -> None:
    with pytest.raises(BadInput, match="allowed are letters, digits"):
        parsed({"base": "two_camps", "name": "../x"})
