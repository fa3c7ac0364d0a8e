"""Catalogue of finite-population processes: how one of Z individuals takes over another's action."""

from collections.abc import Callable

from simulate.dynamics.finite.base import Process
from simulate.dynamics.finite.fermi import Fermi
from simulate.dynamics.finite.moran import Moran

PROCESSES: dict[str, Callable[..., Process]] = {
    "fermi": Fermi,
    "moran": Moran,
}
