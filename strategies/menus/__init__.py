"""Catalogue of menus: the lies that menu learners choose among; the first entry of each is the truth."""

from mechanisms.named import unknown
from strategies.menus.base import Menu
from strategies.menus.overstate import overstate
from strategies.menus.polarise import polarise
from strategies.menus.sharpen import sharpen

MENUS: dict[str, Menu] = {
    "overstate": overstate,
    "sharpen": sharpen,
    "polarise": polarise,
}


def menu_of(name: str) -> Menu:
    """Raises ValueError for a menu that is not in the catalogue."""
    if name not in MENUS:
        raise ValueError(unknown("menu", str(name), MENUS))
    return MENUS[name]
