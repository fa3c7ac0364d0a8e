"""What does every agent pay, and what is left to it?"""

from __future__ import annotations

import pandas as pd
from matplotlib.figure import Figure

from reports.figures.base import Games, Illustration, interval_method, what_varies
from reports.figures.dots import agents_data, draw_dots, who_is_shown
from reports.numbers import number

QUANTITIES = ("payment", "utility")


def data(games: Games) -> pd.DataFrame:
    """``quantity, mechanism, agent, mean, iqm, low, high`` in settled play."""
    frames = [agents_data(games, quantity).assign(quantity=quantity) for quantity in QUANTITIES]
    frame = pd.concat(frames, ignore_index=True)
    return frame[["quantity", *(name for name in frame if name != "quantity")]]


def payments_and_utilities(games: Games) -> Figure:
    """Payments on the left, utilities on the right, an agent's in one row."""
    frame = data(games)
    said = {"payment": "payment (right of 0 the agent pays)", "utility": "utility: true valuation less payment"}
    return draw_dots(games, {said[quantity]: frame[frame["quantity"] == quantity] for quantity in QUANTITIES})


def caption(games: Games) -> str:
    """What a dot is, what its bar is, and who is left out."""
    return (
        "Payment and true utility of a round in settled play (last fifth of the rounds). Dot: interquartile mean; bar: "
        f"{interval_method()}. {what_varies(games)}{who_is_shown(games)}"
    )


def finding(games: Games) -> str:
    """Who pays most, and who is left with least, under each mechanism."""
    return " ".join(_sentence(str(name), own) for name, own in data(games).groupby("mechanism", sort=False))


def _sentence(name: str, own: pd.DataFrame) -> str:
    paid, kept = (own[own["quantity"] == quantity].fillna({"iqm": 0.0}) for quantity in QUANTITIES)
    most, least = paid.iloc[int(paid["iqm"].argmax())], kept.iloc[int(kept["iqm"].argmin())]
    pays = number(most["iqm"]) != "0" and most["iqm"] > 0
    bill = f"{most['agent']} pays most, {number(most['iqm'])}" if pays else "nobody pays"
    left = f"{least['agent']} has the least utility, {number(least['iqm'])}"
    return f"Under {name} {bill}, and {left}."


PAYMENTS_AND_UTILITIES = Illustration(
    "Who pays, and who is left with what?", data, payments_and_utilities, caption, finding
)
