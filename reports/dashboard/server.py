"""Solara's server on this machine alone: it listens on loopback, tells nobody, asks nobody."""

from __future__ import annotations

import os
import socket
import warnings
from collections.abc import Callable
from importlib.metadata import files
from pathlib import Path

from simulate.config import Config
from simulate.errors import BadInput
from simulate.manifest import package_version

SCENARIO = "TRUEWARD_DASHBOARD"  # the variable in which the page finds its scenario, as JSON
LOOPBACK = "127.0.0.1"
FRONT_END = "solara-assets"  # brings the page's scripts and fonts as files
NEEDED = ("solara", "solara-server", "solara-ui", FRONT_END, "ipyvuetify", "ipyvue", "altair")


def required() -> None:
    """Raises BadInput where the extra is not installed; imports none of it, since Solara reads settings on import."""
    absent = [name for name in NEEDED if package_version(name) is None]
    if absent:
        raise BadInput(f"the dashboard needs {', '.join(absent)}; install the extra: pip install 'trueward[dashboard]'")


def listening(port: int) -> socket.socket:
    """A socket of this machine alone; port 0 is a free one.  Raises BadInput."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((LOOPBACK, port))
        found.listen()
    except OSError as error:
        found.close()
        raise BadInput(f"--port {port}: {LOOPBACK} cannot be listened on there ({error.strerror})") from None
    return found


def address(at: socket.socket) -> str:
    """What to open in a browser."""
    return f"http://{LOOPBACK}:{at.getsockname()[1]}/"


def serve(config: Config, at: socket.socket, ready: Callable[[], None]) -> None:
    """Until it is interrupted, which is how it ends: KeyboardInterrupt; ``ready`` is called when a page can be opened.

    Solara imports the page, Mesa and Matplotlib while it starts: an address told before would be waited for.
    """
    os.environ |= settings(config)
    warnings.filterwarnings("ignore", module="solara")  # its advice on embedding pages in others
    import uvicorn
    from solara.server.starlette import app
    from starlette.middleware.trustedhost import TrustedHostMiddleware

    class Announced(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                ready()

    # Another site's page may name this machine by a host of its own; only the names of loopback are answered.
    guarded = TrustedHostMiddleware(app, allowed_hosts=[LOOPBACK, "localhost"])
    quiet = {"log_config": None, "log_level": "critical", "access_log": False}
    server = Announced(uvicorn.Config(guarded, timeout_graceful_shutdown=1, **quiet))
    server.run(sockets=[at])
    raise KeyboardInterrupt if server.started else RuntimeError("the dashboard's server did not start")


def settings(config: Config) -> dict[str, str]:
    """Of Solara, read when it is imported: production mode, no telemetry, everything the page needs from this disk."""
    front_end = _front_end()
    prefix = front_end.parents[2]  # share and etc of the environment that holds the extra
    return {
        SCENARIO: config.model_dump_json(exclude_none=True),
        "SOLARA_APP": "reports.dashboard.app",
        "SOLARA_MODE": "production",
        "SOLARA_CHECK_HOOKS": "off",  # of Mesa's own components
        "SOLARA_THEME_SHOW_BANNER": "False",
        "SOLARA_TELEMETRY_MIXPANEL_ENABLE": "False",
        "SOLARA_ASSETS_PROXY": "True",  # the page asks this server, not a content network
        "SOLARA_ASSETS_PROXY_CACHE_DIR": str(front_end),
        "SOLARA_ASSETS_CDN": f"http://{LOOPBACK}:9/",  # what is not there is asked of nobody
        "JUPYTER_PATH": str(prefix / "share" / "jupyter"),  # the widgets' scripts
        "JUPYTER_CONFIG_PATH": str(prefix / "etc" / "jupyter"),
    }


def _front_end() -> Path:
    """The folder that Solara calls its cache of a content network."""
    found = next(path for path in files(FRONT_END) or () if "share/solara/cdn/" in path.as_posix())
    return next(folder for folder in Path(str(found.locate())).resolve().parents if folder.name == "cdn")
