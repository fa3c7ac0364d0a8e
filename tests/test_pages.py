"""Pages in a real browser: they fit, they ask for nothing, nobody is locked out, and names stay names.

``TRUEWARD_PICTURES=FOLDER`` keeps the screenshots, to be looked at.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from reports.cli.app import app
from reports.report import write_report
from simulate.contest import compare, write_contest
from simulate.sweeps.sweep import sweep
from tests.browser import Browser
from tests.test_reports import HOSTILE, STARTED, write_game

WIDTHS = (360, 800, 1280)
PAPER = 718  # A4 between margins of a centimetre, at 96 dots an inch
MECHANISMS = ("no_payment", "vcg", "nash_welfare")
KEY_ELEMENTS = ("h1", "section.verdict .headline", "table", "figure img", "figcaption", "pre", "details summary")


def contest(folder: Path) -> Path:
    played = compare("two_camps", MECHANISMS, {"rounds": 6, "replicates": 3})
    write_contest(folder, played, STARTED, {"device": "cpu"})
    return folder


def hostile(folder: Path) -> Path:
    agents = [
        {"name": name, "rewards": list(np.eye(5)[i]), "strategy": "overstate" if i else "truthful"}
        for i, name in enumerate(HOSTILE)
    ]
    scenario = {"name": "names", "summary": "</style><script>document.title = 1</script>", "reference": [0.2] * 5}
    write_game(folder, {**scenario, "agents": agents}, rounds=1, replicates=1)
    answers = pd.read_parquet(folder / "policies.parquet")  # as a language model may have written them
    answers.assign(text=pd.Series(HOSTILE, dtype="string")).to_parquet(folder / "policies.parquet")
    return folder


def one_run(folder: Path) -> Path:
    return write_game(folder, "two_camps", rounds=6, replicates=3)


def one_agent(folder: Path) -> Path:
    alone = {"name": "alone", "reference": [0.2, 0.8], "agents": [{"rewards": [1, 0], "strategy": "overstate"}]}
    return write_game(folder, alone, rounds=6, replicates=3)


def one_replicate(folder: Path) -> Path:
    return write_game(folder, "two_camps", rounds=6, replicates=1)


def missing_run(folder: Path) -> Path:
    shutil.rmtree(contest(folder) / "nash_welfare")
    return folder


def fine_tune(folder: Path) -> Path:
    small = ("--steps", "3", "--set", "mechanism.fine_tuner.evaluation=120")
    done = CliRunner().invoke(app, ["finetune", "two_letters", "--out", str(folder), *small])
    assert done.exit_code == 0, done.output
    return folder


def swept(folder: Path) -> Path:
    grid = {"mechanism": ["vcg", "no_payment"], "mechanism.beta": [0.1, 0.3, 1.0], "rounds": [3]}
    sweep({"base": "two_camps", "grid": grid, "replicates": 2}, folder)
    return folder


def reproduced(folder: Path) -> Path:
    small = ("--draws", "500", "--games", "5", "--out", str(folder / "report"))
    done = CliRunner().invoke(app, ["reproduce", "table-1", "table-2", "theorems", "collusion", *small])
    assert (folder / "report" / "index.html").is_file(), done.output
    return folder


PLAYED: tuple[Callable[[Path], Path], ...] = (contest, hostile)
PLAYED_MORE = (one_run, one_agent, one_replicate, missing_run, fine_tune, swept, reproduced)


@pytest.fixture(
    scope="module", params=[*PLAYED, *(pytest.param(played, marks=pytest.mark.slow) for played in PLAYED_MORE)],
    ids=lambda played: played.__name__,
)  # fmt: skip
def page(request: pytest.FixtureRequest, browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Open in the browser, and a file."""
    if request.param is contest:
        written: Path = request.getfixturevalue("contest_page")
    else:
        folder = request.param(tmp_path_factory.mktemp("runs") / request.param.__name__)
        written = folder / "report" / "index.html"
        written = written if written.exists() else write_report([folder])
    browser.shown(1280)
    browser.open(written)
    return written


def kept(picture: np.ndarray, page: Path, name: str) -> np.ndarray:
    if place := os.environ.get("TRUEWARD_PICTURES"):
        Image.fromarray(picture).save(Path(place) / f"{page.parent.parent.name}-{name}.png")
    return picture


def test_the_page_asks_for_nothing_and_complains_of_nothing(browser: Browser, page: Path) -> None:
    assert browser.asked() == [page.as_uri()]
    assert browser.complaints() == []


def test_the_title_is_the_one_that_was_written_and_no_script_ran(browser: Browser, page: Path) -> None:
    title = browser.driver.title
    assert title == browser.driver.execute_script("return document.querySelector('head title').textContent")
    assert ": " in title
    assert browser.driver.find_elements("css selector", "script, iframe, object, embed, link, form, [onerror]") == []


@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_fits(browser: Browser, page: Path, width: int) -> None:
    browser.shown(width)
    assert browser.misfits() == []
    folded = browser.driver.find_elements("css selector", "details")
    for element in KEY_ELEMENTS if folded else KEY_ELEMENTS[:-1]:
        assert browser.driver.find_element("css selector", element).is_displayed(), element
    picture = kept(browser.picture(whole=True), page, str(width))
    assert picture.shape[1] == width
    assert len(picture) > 2000
    assert all(part.std() > 1 for part in np.array_split(picture, 8)), "an eighth of the page is empty"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nobody_is_locked_out(browser: Browser, page: Path, scheme: str) -> None:
    browser.shown(WIDTHS[0], scheme=scheme)  # narrow: tables scroll, which needs a keyboard's way in
    assert browser.barriers() == []
    paper = np.median(kept(browser.picture(), page, scheme).mean(-1))
    assert paper > 200 if scheme == "light" else paper < 60


@pytest.mark.parametrize("page", [contest], indirect=True, ids=["contest"])
def test_figures_are_legible_on_a_phone(browser: Browser, page: Path) -> None:
    browser.shown(WIDTHS[0])
    for image in browser.driver.find_elements("css selector", "figure img"):
        drawing = base64.b64decode(str(image.get_attribute("src")).partition("base64,")[2]).decode()
        found = re.search(r'viewBox="0 0 ([\d.]+)', drawing)
        smallest = min(map(float, re.findall(r"([\d.]+)px", drawing)))
        assert found is not None
        assert smallest * image.size["width"] / float(found[1]) > 8, image.get_attribute("alt")
    reached = browser.driver.execute_script(
        "return [...document.querySelectorAll('.plate')].every(e => e.tabIndex == 0)"
    )
    assert reached


def test_the_print_is_whole(browser: Browser, page: Path) -> None:
    browser.shown(PAPER, medium="print")
    assert browser.misfits() == []
    scrolls = "e => getComputedStyle(e).overflowX != 'visible'"
    folded = f"return [...document.querySelectorAll('.wide, .plate')].filter({scrolls}).length"
    assert browser.driver.execute_script(folded) == 0
    assert browser.printed().startswith(b"%PDF-")


@pytest.mark.parametrize("page", [hostile], indirect=True, ids=["hostile"])
def test_hostile_names_are_read_as_they_are_written(browser: Browser, page: Path) -> None:
    browser.shown(1280)
    text = browser.driver.find_element("tag name", "body").text
    for name in (*HOSTILE[:4], r"a$b\u202ec\x1b[31m$", "</style><script>document.title = 1</script>"):
        assert name in text
