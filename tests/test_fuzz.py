"""Whatever somebody writes, and whatever a disk does to what we wrote: a sentence, or the right numbers."""

from __future__ import annotations

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reports.report import write_report
from reports.standing import standing
from simulate.errors import LONGEST, BadInput
from simulate.load import load
from simulate.scenarios import SCENARIOS
from simulate.store import checked_name
from simulate.sweeps.file import SweepFile, as_toml, parsed, read_sweep
from simulate.sweeps.place import RESULTS
from simulate.sweeps.points import Point, points
from simulate.sweeps.sweep import resume, sweep
from tests.test_sweeps import TINY, bytes_of, sorted_rounds

FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
FEWER = settings(FEW, max_examples=12)
MANY = settings(FEW, max_examples=1000)

# Files

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
PLAIN = st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(
    PLAIN, lambda part: st.lists(part, max_size=3) | st.dictionaries(TEXT, part, max_size=3), max_leaves=6
)
KEYS = TEXT.filter(lambda key: key not in ("replicates", "name", "summary"))
SWEEPS = st.fixed_dictionaries(
    {
        "base": st.sampled_from(sorted(SCENARIOS)),
        "name": st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z"),
        "replicates": st.integers(1, 50),
        "seed": st.integers(0, 2**128 - 1),
    },
    optional={
        "grid": st.dictionaries(KEYS, st.lists(VALUES, min_size=1, max_size=3), max_size=3),
        "list": st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=3),
    },
)


def spelled(wanted: SweepFile) -> str:
    return json.dumps(wanted.model_dump(), sort_keys=True)


@FEW
@given(said=SWEEPS)
def test_a_sweep_file_is_read_as_it_was_written(said: dict[str, Any], tmp_path: Path) -> None:
    wanted = parsed(said)
    (tmp_path / "config.toml").write_bytes(as_toml(wanted).encode())
    again = read_sweep(tmp_path / "config.toml")
    assert again == wanted
    assert spelled(again) == spelled(wanted)  # 1 and True and 1.0 are equal, and not the same


PIECES = [
    "base: two_camps", "grid:", "  mechanism: [vcg, no_payment]", '  "mechanism.beta": [0.1, 0.5]', "replicates: 2",
    "seed: 7", "list:", "- {rounds: 3}", "&a", "*a", "!!python/object:os.system", "{", "]", "1e400", ".nan", "\x00",
    "\u202e", "base = 'x'", '{"base": "two_camps"}', "agents:", "  - {name: a, weight: .inf}", "? ", "| ", "\t", "---",
]  # fmt: skip
SAID = st.binary(max_size=200) | st.lists(st.sampled_from(PIECES) | TEXT, max_size=8).map(
    lambda lines: "\n".join(lines).encode("utf-8", "surrogatepass")
)
SUFFIX = st.sampled_from([".yaml", ".toml", ".json"])


def said_of(act: Callable[[], object]) -> str:
    """Nothing, or the one sentence with which ``act`` refuses."""
    try:
        act()
    except BadInput as error:
        said = str(error)
    else:
        return ""
    assert said.isprintable()
    assert 0 < len(said) <= LONGEST
    return said


@FEW
@given(content=SAID, suffix=SUFFIX)
def test_any_bytes_are_a_sweep_or_a_sentence(content: bytes, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"f{suffix}"
    path.write_bytes(content)
    said_of(lambda: points(read_sweep(path)))
    said_of(lambda: load(str(path), {}))


@FEW
@given(
    key=st.lists(st.sampled_from(["agents", "0", "mechanism", "beta", "weight", "a", "-1", ""]), max_size=6),
    value=VALUES,
)
def test_any_key_varies_or_is_a_sentence(key: list[str], value: Any) -> None:
    found: list[Point] = []
    said = said_of(lambda: found.extend(points(parsed({"base": "two_camps", "grid": {".".join(key): [value]}}))))
    assert bool(said) != bool(found)


@pytest.mark.parametrize("key", [".".join(["agents"] * 3000), "x" * 100_000, "agents." + "9" * 5000 + ".weight"])
def test_a_long_key_is_a_short_sentence(key: str) -> None:
    assert said_of(lambda: points(parsed({"base": "two_camps", "grid": {key: [1]}})))


# Names

NAMES = (
    st.text(max_size=4) | st.from_regex(r"[A-Za-z0-9._-]{1,102}") | st.sampled_from(["..", "a/b", "CON", "a\n", "-rf"])
)


@settings(FEW, max_examples=300)
@given(name=NAMES)
def test_a_name_is_safe_or_refused(name: str, tmp_path: Path) -> None:
    refused = said_of(lambda: checked_name(name))
    assert bool(refused) != bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name))
    if not refused:
        assert (tmp_path / name).resolve().parent == tmp_path.resolve()


# Folders


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "tiny"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("simulate.sweeps.tasks.TASK_RUNS", 1)
        sweep(TINY, folder)
    return folder


def harmed(content: bytes, how: str, chance: random.Random) -> bytes:
    """A disk's doing."""
    where = chance.randrange(len(content))
    if how == "flip":
        return content[:where] + bytes([content[where] ^ 1 << chance.randrange(8)]) + content[where + 1 :]
    if how == "zeros":
        return content[:where] + bytes(min(512, len(content) - where)) + content[where + 512 :]
    return {"cut": content[:where], "empty": b"", "longer": content + chance.randbytes(64)}[how]


def survives(whole: Path, place: Path, chance: random.Random, kind: str, how: str) -> None:
    """Resumed, it has the numbers that it had, or says which file is wrong; whoever reads it is told in words too."""
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(whole, place)
    victim = chance.choice([path for path in sorted(place.rglob("*.*")) if path.is_file() and path.match(kind)])
    victim.write_bytes(harmed(victim.read_bytes(), how, chance))
    said_of(lambda: standing(place))
    said_of(lambda: write_report([place], place / "of", ["markdown"]))
    if refused := said_of(lambda: resume(place)):
        assert victim.name in refused
        return
    assert bytes_of(place) == bytes_of(whole)
    assert sorted_rounds(place).equals(sorted_rounds(whole))


CHANCES = st.integers(0, 2**32).map(random.Random)
KINDS = st.sampled_from(
    ["ledger.sqlite", "ledger.sqlite", "rounds/*", "outcomes/*", RESULTS, "config.toml", "manifest.json"]
)
HARMS = st.sampled_from(["flip", "flip", "cut", "empty", "zeros", "longer"])


@FEWER
@given(chance=CHANCES, kind=KINDS, how=HARMS)
def test_a_harmed_folder_gives_the_right_numbers_or_a_sentence(
    chance: random.Random, kind: str, how: str, whole: Path, tmp_path: Path
) -> None:
    survives(whole, tmp_path / "a", chance, kind, how)


@pytest.mark.slow
@MANY
@given(chance=CHANCES, kind=KINDS, how=HARMS)
def test_many_harmed_folders_give_the_right_numbers_or_a_sentence(
    chance: random.Random, kind: str, how: str, whole: Path, tmp_path: Path
) -> None:
    survives(whole, tmp_path / "a", chance, kind, how)


def test_a_number_that_a_disk_changed_in_the_ledger_is_noticed(whole: Path, tmp_path: Path) -> None:
    """SQLite itself would read it: a digit is as good as another."""
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    content = (place / "ledger.sqlite").read_bytes()
    found = re.search(rb'"welfare_loss": 0\.(\d)', content)
    assert found is not None
    digit = b"8" if found[1] != b"8" else b"7"
    (place / "ledger.sqlite").write_bytes(content[: found.start(1)] + digit + content[found.end(1) :])
    with pytest.raises(BadInput, match="not what was written"):
        write_report([place], place / "of", ["markdown"])
    resume(place)
    assert bytes_of(place) == bytes_of(whole)


def test_another_sweep_file_in_the_folder_is_noticed(whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    said = (place / "config.toml").read_text()
    (place / "config.toml").write_text(said.replace("seed = 7", "seed = 6"))
    with pytest.raises(BadInput, match=r"config\.toml: not what manifest\.json knows"):
        resume(place)


@pytest.mark.parametrize("version", [2, "1", None, True])
def test_a_folder_of_a_later_trueward_is_refused(version: Any, whole: Path, tmp_path: Path) -> None:
    place = tmp_path / "a"
    shutil.copytree(whole, place)
    said = (place / "manifest.json").read_text()
    (place / "manifest.json").write_text(
        said.replace('"schema_version": 1', f'"schema_version": {json.dumps(version)}')
    )
    for read in (resume, standing):
        with pytest.raises(BadInput, match=r"schema_version is .*; this Trueward knows 1"):
            read(place)
