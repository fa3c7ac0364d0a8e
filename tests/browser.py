"""A page in a real browser: what it asks for, what it complains of, what does not fit, who cannot read it.

Chromium and its driver are Debian's packages ``chromium`` and ``chromium-driver``; nothing is downloaded.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from axe_core_python.base import AXE_SCRIPT
from PIL import Image
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

os.environ["SE_OFFLINE"] = os.environ["SE_AVOID_STATS"] = "true"  # selenium's manager asks nobody and tells nobody

PROGRAMS = ("chromium", "chromedriver")
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-component-update",
    "--disable-background-networking", "--disable-sync", "--hide-scrollbars",
)  # fmt: skip

# Elements that leave the page to the right, or whose text leaves them and is cut off; what scrolls may be wider.
MISFITS = """
const page = document.documentElement, wide = page.clientWidth + 1, found = [];
const name = e => `${e.tagName.toLowerCase()}.${e.className} ${e.textContent.trim().slice(0, 40)}`;
const scrolls = e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX);
if (page.scrollWidth > wide) found.push(`the page is ${page.scrollWidth} wide, the window ${page.clientWidth}`);
for (const e of document.body.querySelectorAll('*')) {
  const box = e.getBoundingClientRect();
  let inside = false;
  for (let up = e.parentElement; up; up = up.parentElement) inside ||= scrolls(up);
  if (!inside && box.width && box.right > wide) found.push(`${name(e)}: ends at ${Math.round(box.right)}`);
  const cut = ['hidden', 'clip'].includes(getComputedStyle(e).overflowX);
  if (cut && e.scrollWidth > e.clientWidth + 1) found.push(`${name(e)}: cut off`);
  if (e.tagName == 'IMG' && !(e.complete && e.naturalWidth)) found.push(`${name(e)}: not drawn`);
}
return found.slice(0, 8);
"""


def missing() -> str | None:
    """Why no browser can be started, None where one can."""
    absent = [program for program in PROGRAMS if shutil.which(program) is None]
    return f"no {' and no '.join(absent)} is installed (Debian: chromium, chromium-driver)" if absent else None


class Browser:
    """One window of a headless Chromium; ``log`` of the page that is open starts when it is opened."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self.driver = driver

    def open(self, page: Path | str) -> None:
        """A file, or an address."""
        self.driver.get("about:blank")
        self._told("performance"), self._told("browser")
        self.driver.get(page.resolve().as_uri() if isinstance(page, Path) else page)

    def shown(self, width: int, height: int = 900, scheme: str = "light", medium: str = "") -> None:
        """From now on at this width, in a light or a dark scheme, on ``screen`` or in ``print``."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": medium, "features": features})

    def asked(self) -> list[str]:
        """Every address that was asked for since the page was opened, data in the page itself left out."""
        events = [json.loads(entry["message"])["message"] for entry in self._told("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [url for url in asked if not url.startswith("data:")]

    def complaints(self) -> list[str]:
        """What the console was told since the page was opened, with its level: ``SEVERE: ...``."""
        return [f"{entry['level']}: {entry['message']}" for entry in self._told("browser")]

    def misfits(self) -> list[str]:
        """What is wider than the window, cut off, or not drawn."""
        return list(self.driver.execute_script(MISFITS))

    def barriers(self) -> list[str]:
        """What axe-core calls serious or critical: who cannot see, or has no mouse, would miss it."""
        self.driver.execute_script(AXE_SCRIPT)
        run = "const done = arguments[0]; axe.run({resultTypes: ['violations']}).then(r => done(r.violations))"
        return [
            f"{found['id']} ({found['impact']}): {found['help']}; {node['html'][:90]}; {node.get('failureSummary', '')}"
            for found in self.driver.execute_async_script(run)
            if found["impact"] in ("serious", "critical")
            for node in found["nodes"][:2]
        ]

    def picture(self, whole: bool = False) -> np.ndarray[Any, Any]:
        """What is in the window, or the whole page: ``[height, width, 3]``, 0 to 255."""
        size = self.driver.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
        clip = {"clip": {**size, "scale": 1}, "captureBeyondViewport": True} if whole else {}
        found = self.driver.execute_cdp_cmd("Page.captureScreenshot", clip)
        return np.asarray(Image.open(io.BytesIO(base64.b64decode(found["data"]))).convert("RGB"))

    def printed(self) -> bytes:
        """The page as a PDF, as Chromium prints it on A4."""
        paper = {"paperWidth": 8.27, "paperHeight": 11.69, "printBackground": True}
        return base64.b64decode(self.driver.execute_cdp_cmd("Page.printToPDF", paper)["data"])

    def _told(self, log: str) -> list[dict[str, Any]]:
        return self.driver.get_log(log)


@contextmanager
def started(profile: Path) -> Iterator[Browser]:
    """A browser with a profile of its own, which ends with the block."""
    program, driver = map(shutil.which, PROGRAMS)
    options = Options()
    options.binary_location = str(program)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for flag in (*FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    found = webdriver.Chrome(options=options, service=Service(str(driver)))
    try:
        yield Browser(found)
    finally:
        found.quit()
