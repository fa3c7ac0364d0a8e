"""Catalogue of fine-tuners: how an objective is maximised."""

from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.lora import lora
from mechanisms.fine_tuners.menu import Menu
from mechanisms.fine_tuners.mirror import Mirror
from mechanisms.fine_tuners.mixtures import mixtures
from mechanisms.fine_tuners.replies import Replies
from mechanisms.fine_tuners.rloo import rloo

FINE_TUNERS = {
    "exact": Exact,
    "menu": Menu,
    "mirror": Mirror,
    "replies": Replies,
    "lora": lora,
    "rloo": rloo,
    "mixtures": mixtures,
}
