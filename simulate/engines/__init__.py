"""Catalogue of engines: where games are played.  The numbers are the same, to the byte."""

from __future__ import annotations

from collections.abc import Callable

from simulate.engines.base import Engine, Resources
from simulate.engines.cluster import cluster
from simulate.engines.local import local
from simulate.engines.serial import serial

ENGINES: dict[str, Callable[[Resources], Engine]] = {
    "serial": lambda given: serial,
    "local": lambda given: local(given.workers, given.memory),
    "ray": cluster,
}
