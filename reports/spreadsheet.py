"""Frames as CSV that a spreadsheet cannot be tricked with."""

import pandas as pd

_STARTS = ("=", "+", "-", "@", "\t", "\r")


def csv_text(frame: pd.DataFrame) -> str:
    """Numbers in full precision; text that a spreadsheet would run as a formula gets a leading quote.

    >>> csv_text(pd.DataFrame({"agent": ["=1+1", "b"], "payment": [-0.5, 1.0]}))
    "agent,payment\\n'=1+1,-0.5\\nb,1.0\\n"
    """
    texts = [str(name) for name in frame.columns if not pd.api.types.is_numeric_dtype(frame[name])]
    safe = frame.assign(**{name: [_quoted(value) for value in frame[name]] for name in texts})
    return safe.to_csv(index=False, lineterminator="\n")


def _quoted(value: object) -> str:
    text = str(value)
    return "'" + text if text.startswith(_STARTS) else text
