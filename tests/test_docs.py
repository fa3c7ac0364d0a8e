"""What the documentation shows works, and the site is whole."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from mechanisms.catalogue import MECHANISMS
from mechanisms.divergences import DIVERGENCES
from mechanisms.payments import PAYMENT_RULES
from simulate.pools.rewards import REWARDS
from simulate.theorems import THEOREMS
from strategies import STRATEGIES
from tests.pages import ROOT, Block, Reader, blocks

DOCS = ROOT / "docs"
PAGES = sorted(page for page in DOCS.rglob("*.md") if blocks(page))
LONG = [page for page in PAGES if any(block.mark == "slow" for block in blocks(page))]
OPEN = (MECHANISMS, PAYMENT_RULES, DIVERGENCES, STRATEGIES, REWARDS)  # catalogues that pages add to


@pytest.fixture
def reader(tmp_path: Path) -> Iterator[Reader]:
    """A reader of one page; what it adds to catalogues is gone afterwards."""
    before = [dict(catalogue) for catalogue in OPEN]
    yield Reader(tmp_path)
    for catalogue, entries in zip(OPEN, before, strict=True):
        catalogue.clear()
        catalogue.update(entries)


def name(page: Path) -> str:
    return str(page.relative_to(DOCS))


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_examples_run(page: Path, reader: Reader) -> None:
    for block in blocks(page):
        if block.mark is None:
            reader.follow(block)


@pytest.mark.slow
@pytest.mark.parametrize("page", LONG, ids=name)
def test_long_examples_run(page: Path, reader: Reader) -> None:
    for block in blocks(page):
        if block.mark != "not run":
            reader.follow(block)


def test_every_command_on_a_page_is_an_example() -> None:
    """Commands stand in console blocks, where they run, and nowhere else."""
    for page in [*DOCS.rglob("*.md"), ROOT / "README.md"]:
        bare = re.sub(r"^```console\n.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        assert not re.findall(r"^\$? ?trueward .*", bare, flags=re.M), page


def test_theory_names_every_theorem_that_is_checked() -> None:
    named = set(re.findall(r"^\| \w+ ([\dA-E]\.\d+)", (DOCS / "theory.md").read_text(encoding="utf-8"), flags=re.M))
    assert named == set(THEOREMS)


@pytest.mark.slow
def test_the_site_is_whole_and_asks_for_nothing(tmp_path: Path) -> None:
    """Strict: a broken link or a page outside the navigation ends the build.  Pages load files of the site only."""
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(tmp_path)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(
            r"<(?:script|img|iframe|source)[^>]+src=[\"']?(?:https?:)?//|<link[^>]+stylesheet[^>]+//", page.read_text()
        )
        assert not loaded, page
    titles = {entry["title"] for entry in json.loads((tmp_path / "search" / "search_index.json").read_text())["docs"]}
    assert set(STRATEGIES) | set(DIVERGENCES) | set(PAYMENT_RULES) <= titles


class TestAReaderNotices:
    """A page that is wrong turns red."""

    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path) -> None:
        self.page = ROOT / "docs" / "never.md"
        self.reader = Reader(tmp_path)

    def follow(self, language: str, code: str) -> None:
        self.reader.follow(Block(self.page, language, code, None, 1))

    def test_an_error(self) -> None:
        with pytest.raises(ZeroDivisionError):
            self.follow("python", "1 / 0\n")

    def test_another_value(self) -> None:
        self.follow("pycon", ">>> x = 1\n>>> x + 1\n2\n")
        with pytest.raises(AssertionError, match="Expected"):
            self.follow("pycon", ">>> x + 1\n3\n")

    def test_another_output(self) -> None:
        self.follow("console", "$ trueward list divergences\ndivergences\n...\n")
        with pytest.raises(AssertionError, match="trueward list divergences"):
            self.follow("console", "$ trueward list divergences\nmechanisms\n...\n")

    def test_a_command_that_fails_or_is_not_ours(self) -> None:
        with pytest.raises(AssertionError, match="exit code 2"):
            self.follow("console", "$ trueward solve nowhere.yaml\n")
        with pytest.raises(AssertionError, match="only trueward"):
            self.follow("console", "$ make demo\n")

    def test_marks_and_places_are_read(self, tmp_path: Path) -> None:
        page = tmp_path / "page.md"
        page.write_text(
            "x\n\n<!-- slow: long -->\n```python\n1\n```\n\n```\nno language\n```\n\n```yaml\n# a.yaml\n```\n"
        )
        with mock.patch("tests.pages.ROOT", tmp_path):
            found = [(block.language, block.mark, block.place) for block in blocks(page)]
        assert found == [("python", "slow", "page.md:5"), ("yaml", None, "page.md:13")]
