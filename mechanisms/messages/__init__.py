"""Catalogue of message spaces: what agents may report (`basis` is built from the features it is given)."""

from collections.abc import Callable

from torch import Tensor

from mechanisms.messages.free import free
from mechanisms.messages.max_one import max_one
from mechanisms.messages.sum_to_one import sum_to_one
from mechanisms.messages.unit_box import unit_box

MESSAGES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "sum_to_one": sum_to_one,
    "max_one": max_one,
    "unit_box": unit_box,
    "free": free,
}
