"""Catalogue of fine-tuners: how an objective is maximised."""

from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.menu import Menu

FINE_TUNERS = {
    "exact": Exact,
    "menu": Menu,
}
