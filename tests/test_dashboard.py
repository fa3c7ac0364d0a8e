"""The dashboard: its market is the scenario's, its page works in a browser, and nothing outside is asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from selenium.webdriver.common.keys import Keys

from reports.dashboard import server
from reports.dashboard.controls import controls, starting_values
from reports.dashboard.curves import curves, said
from reports.dashboard.live_market import LiveMarket
from reports.dashboard.panels import PANELS
from simulate.errors import BadInput
from simulate.load import load
from simulate.repeated_game import play
from tests.browser import Browser
from tests.test_cli import trueward

GAME = {"rounds": 4, "replicates": 2}
PATIENCE = 60.0
# Of axe's findings, those in Solara's shell: its two icon buttons, its html and meta tags, Vuetify's menu.  Ours are
# headings, text and pictures with their words.
SHELL = {"aria-command-name", "button-name", "html-has-lang", "meta-viewport", "nested-interactive"}


# ---- without a browser


def test_the_untouched_controls_play_the_scenario() -> None:
    config = load("two_camps", GAME)
    market = LiveMarket(config, **starting_values(controls(config)))
    for _ in range(6):  # two more than there are
        market.step()
    assert not market.running
    assert len(market.history) == 4
    assert (market.history.of("utility") == play(config).of("utility")).all()


def test_the_controls_move_what_they_say() -> None:
    config = load("two_camps", GAME)
    chosen = controls(config)
    assert list(chosen) == ["beta", "payment", "size_0", "size_1", "size_2"]
    assert {"zero", "affine_maximizer", "pay_as_reported"} <= set(chosen["payment"]["values"])
    assert all(c["min"] <= c["value"] <= c["max"] for c in chosen.values() if c["type"] == "SliderFloat")
    assert chosen["size_1"]["max"] <= config.messages.max_weight
    moved = LiveMarket(config, beta=0.7, payment="zero", size_1=5.0)
    assert moved.config.mechanism.beta == 0.7
    assert moved.truth.weights[0].tolist() == [2.0, 5.0, 1.0]
    moved.step()
    assert (moved.history.of("payment") == 0).all()


@pytest.mark.parametrize("beta", [0.3, 0.025, 1.0, 7.0, 0.123456, 250.0])
def test_the_scenarios_value_is_one_that_the_slider_can_show(beta: float) -> None:
    slider = controls(load("two_camps", {**GAME, "mechanism.beta": beta}))["beta"]
    decimals = len(f"{slider['step']:.12f}".rstrip("0").partition(".")[2])
    steps = round((beta - slider["min"]) / slider["step"])
    assert round(slider["min"] + steps * slider["step"], decimals) == beta  # what Vuetify makes of it
    assert slider["max"] / slider["step"] >= 100


def test_every_payment_that_is_offered_can_be_played() -> None:
    config = load("two_camps", {**GAME, "mechanism.divergence": "chi_squared"})  # whose payments are fewer
    for payment in controls(config)["payment"]["values"]:
        LiveMarket(config, payment=payment).step()


def test_a_picture_has_the_last_round_and_says_it() -> None:
    market = LiveMarket(load("two_camps", {**GAME, "agents.0.name": "a$b$"}))
    for panel in PANELS.values():
        assert not curves(market.history, panel).axes[0].lines
        assert "No round has been played" in said(market.history, panel)
    market.step()
    market.step()
    for panel in PANELS.values():
        values = market.history.of(panel.column).mean(1)
        lines = curves(market.history, panel).axes[0].lines
        assert [line.get_ydata()[-1] for line in lines] == pytest.approx(values[-1].ravel().tolist())
        assert "In round 2" in said(market.history, panel)


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "NEEDED", (*server.NEEDED, "no-such-release"))
    done = trueward("dashboard", "two_camps")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no-such-release" in done.stderr
    assert "pip install 'trueward[dashboard]'" in done.stderr


def test_only_this_machine_is_listened_to() -> None:
    with server.listening(0) as at:
        assert at.getsockname()[0] == "127.0.0.1"
        port = at.getsockname()[1]
        assert server.address(at) == f"http://127.0.0.1:{port}/"
        with pytest.raises(BadInput, match=f"--port {port}: 127.0.0.1 cannot be listened on"):
            server.listening(port)


# ---- in a browser


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, subprocess.Popen[str]]]:
    if absent := [name for name in server.NEEDED if server.package_version(name) is None]:
        pytest.skip(f"the extra dashboard is not installed: {', '.join(absent)}")
    command = [sys.executable, "-m", "reports.cli.app", "dashboard", "two_camps", "--port", "0"]
    more = ["--rounds", "8", "--replicates", "4", "--set", "agents.0.name=<b>left</b>"]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        [*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=settings,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:  # fmt: skip
        assert process.stdout is not None
        said = process.stdout.readline()
        try:
            yield re.findall(r"http://\S+", said)[0], process
        finally:
            process.kill()


def seen(browser: Browser, *texts: str) -> str:
    """What the page says once it says all ``texts``: the heading counts a round before its pictures are drawn."""
    until = time.monotonic() + PATIENCE
    while not all(text in (shown := browser.driver.find_element("tag name", "body").text) for text in texts):
        assert time.monotonic() < until, f"{texts!r} never came; there is {shown!r}"
        time.sleep(0.1)
    return shown


def played(browser: Browser, rounds: int) -> str:
    """What the page says when all its pictures show the round."""
    last = f"In round {rounds} " if rounds else "No round has been played."
    return seen(browser, f"Round {rounds} of 8", *(f"{panel.title} {last}" for panel in PANELS.values()))


def fits(browser: Browser, width: int) -> None:
    """When the sidebar has come to rest."""
    browser.shown(width)
    until = time.monotonic() + PATIENCE
    while found := browser.misfits():
        assert time.monotonic() < until, found
        time.sleep(0.1)


def click(browser: Browser, name: str) -> None:
    buttons = browser.driver.find_elements("css selector", "button")
    (found,) = [button for button in buttons if button.text.strip().lower() == name.lower()]
    found.click()


def pictures(browser: Browser) -> list[str]:
    return [image.get_attribute("src") for image in browser.driver.find_elements("css selector", "img[src^='data:']")]


def slide(browser: Browser, name: str) -> None:
    """One step to the right, by keyboard."""
    sliders = browser.driver.find_elements("css selector", ".v-input__slider")
    (found,) = [slider for slider in sliders if slider.text.strip() == name]
    found.find_element("css selector", "[role=slider]").send_keys(Keys.ARROW_RIGHT)


def choose(browser: Browser, value: str) -> None:
    """In the only menu there is."""
    browser.driver.find_element("css selector", ".v-select__slot").click()
    until = time.monotonic() + PATIENCE
    while not (found := [e for e in browser.driver.find_elements("css selector", "[role=option]") if e.text == value]):
        assert time.monotonic() < until, f"{value} is not offered"
        time.sleep(0.1)
    found[0].click()


@pytest.mark.slow
def test_step_play_slide_and_reset(browser: Browser, served: tuple[str, subprocess.Popen[str]]) -> None:
    address, process = served
    browser.shown(1280)
    browser.open(address)
    first = played(browser, 0)
    assert "size of <b>left</b>" in first
    assert "payment affine_maximizer, beta 0.3; sizes <b>left</b> 2.0, right 2.0 and moderate 1.0" in first
    empty = pictures(browser)
    assert len(empty) == len(PANELS)

    click(browser, "step")
    assert "In round 1 the welfare loss is" in played(browser, 1)
    drawn = pictures(browser)
    assert all(before != after for before, after in zip(empty, drawn, strict=True))

    click(browser, "▶")
    played(browser, 8)
    click(browser, "reset")
    assert "beta 0.3;" in played(browser, 0)

    slide(browser, "beta")
    slide(browser, "size of right")
    choose(browser, "zero")
    click(browser, "reset")
    seen(browser, "payment zero, beta 0.301; sizes <b>left</b> 2.0, right 2.01 and moderate 1.0")
    click(browser, "step")
    assert "the payment is 0 (<b>left</b>), 0 (right) and 0 (moderate)" in played(browser, 1)

    for width in (1280, 390):
        fits(browser, width)
        assert {found.partition(" ")[0] for found in browser.barriers()} <= SHELL

    asked = browser.asked()
    assert len(asked) > 5
    assert [url for url in asked if not url.startswith((address, address.replace("http", "ws")))] == []
    assert [line for line in browser.complaints() if line.startswith("SEVERE")] == []

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in err
