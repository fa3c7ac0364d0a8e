"""Catalogue of divergences: how far the fine-tuned policy may go from the reference."""

from collections.abc import Callable

from mechanisms.divergences.alpha import alpha
from mechanisms.divergences.base import Divergence
from mechanisms.divergences.chi_squared import chi_squared
from mechanisms.divergences.hellinger import hellinger
from mechanisms.divergences.jensen_shannon import jensen_shannon
from mechanisms.divergences.kl import kl
from mechanisms.divergences.reverse_kl import reverse_kl
from mechanisms.divergences.total_variation import total_variation

DIVERGENCES: dict[str, Callable[..., Divergence]] = {
    "kl": kl,
    "reverse_kl": reverse_kl,
    "chi_squared": chi_squared,
    "jensen_shannon": jensen_shannon,
    "hellinger": hellinger,
    "alpha": alpha,
    "total_variation": total_variation,
}
