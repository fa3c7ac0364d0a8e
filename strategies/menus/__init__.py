"""Catalogue of menus: the lies that menu learners choose among; the first entry of each is the truth."""

from strategies.menus.base import Menu
from strategies.menus.overstate import overstate
from strategies.menus.polarise import polarise
from strategies.menus.sharpen import sharpen

MENUS: dict[str, Menu] = {
    "overstate": overstate,
    "sharpen": sharpen,
    "polarise": polarise,
}
