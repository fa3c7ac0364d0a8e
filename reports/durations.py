"""How long, in the unit that fits."""

from __future__ import annotations


def lasting(seconds: float) -> str:
    """
    >>> lasting(4), lasting(150), lasting(8000), lasting(-1)
    ('4 s', '2.5 min', '2.2 h', '0 s')
    """
    whole = max(0.0, seconds)
    if whole < 90:
        return f"{whole:.0f} s"
    return f"{whole / 60:.1f} min" if whole < 5400 else f"{whole / 3600:.1f} h"
