"""Catalogue of repeated mechanisms: what carries over from round to round."""

from collections.abc import Callable

from mechanisms.base import Repeated
from mechanisms.repeated.dynamic_pivot import DynamicPivot
from mechanisms.repeated.hao_duan import HaoDuan
from mechanisms.repeated.warm_start import WarmStart
from mechanisms.repeated.wsu import WSU

REPEATED: dict[str, Callable[..., Repeated]] = {
    "wsu": WSU,
    "hao_duan": HaoDuan,
    "dynamic_pivot": DynamicPivot,
    "warm_start": WarmStart,
}
