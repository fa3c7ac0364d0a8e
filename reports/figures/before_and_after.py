"""What does the model say after the last round that it did not say before, and the other way round?"""

from __future__ import annotations

from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours
from reports.games import Game
from reports.tables.terminal import number
from reports.text import label, listed
from simulate.statistics import LEVEL, RESAMPLES

MOST_BARS = 10  # responses
MOST_LETTERS = 90  # of a response
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++", "ooo")


def data(games: Games) -> pd.DataFrame:
    """``mechanism, prompt, response, reference, policy, low, high, replicates, text`` of the responses drawn."""
    frames = []
    for game in _kept(games):
        frames.append(_policies(game).merge(_chosen(games), on=["prompt", "response"]))
        frames[-1].insert(0, "mechanism", game.name)
    return pd.concat(frames, ignore_index=True)


def before_and_after(games: Games) -> Figure:
    """A group of bars a response: the reference, then the last policy under each mechanism."""
    frame, kept = data(games), _kept(games)
    places = {tuple(key): row for row, key in enumerate(_chosen(games).to_numpy().tolist())}
    count, texts = len(kept) + 1, frame.drop_duplicates(["prompt", "response"])
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + len(places) * max(0.55, 0.2 * count)), layout="constrained")
        axes = figure.subplots()
        step = 0.8 / count
        for i, (game, colour) in enumerate(zip([None, *kept], ["#bbbbbb", *colours(len(kept))], strict=True)):
            own = texts if game is None else frame[frame["mechanism"] == game.name]
            rows = [
                places[p, k] + (i - (count - 1) / 2) * step for p, k in zip(own["prompt"], own["response"], strict=True)
            ]
            value = own["reference" if game is None else "policy"]
            reach = None if game is None else [(value - own["low"]).clip(lower=0), (own["high"] - value).clip(lower=0)]
            axes.barh(
                rows, value, step, xerr=reach, color=colour, edgecolor="white", linewidth=0.5,
                hatch=HATCHES[(i - 1) % len(HATCHES)] if game else "", error_kw={"elinewidth": 1.1, "capsize": 2},
                label="reference (before)" if game is None else label(game.name, 40),
            )  # fmt: skip
        names = {
            places[row.prompt, row.response]: _named(row.prompt, row.response, row.text) for row in texts.itertuples()
        }
        axes.set_yticks(range(len(places)), [names[row] for row in range(len(places))])
        axes.set_ylim(len(places) - 0.5, -0.5)
        axes.set(xlabel="probability of the response", ylabel="", xlim=(0, None))
        axes.grid(axis="y", visible=False)
        figure.legend(loc="outside upper center", ncol=min(count, 4), frameon=False)
    return figure


def caption(games: Games) -> str:
    """What a bar is, and which responses are shown."""
    kept = _kept(games)
    left = [game.name for game in games if game not in kept]
    few = f" Not kept: {listed(left)}." if left else ""
    total = max(len(_policies(game)) for game in kept)
    some = f" Shown are the {MOST_BARS} responses (of {total:,} kept) that moved most." if total > MOST_BARS else ""
    n = listed(dict.fromkeys(str(int(_policies(game)["replicates"].iloc[0])) for game in kept))
    return (
        "Probability of a response before the first round (grey, fixed by the scenario: no interval) and after the "
        f"last: mean over n = {n} replicates; bar: its {LEVEL:.0%} percentile bootstrap interval ({RESAMPLES} "
        "resamples). Replicates differ in the agents' random streams and in whatever the scenario draws."
        f"{some}{few}"
    )


def finding(games: Games) -> str:
    """The response that moved most under each mechanism, quoted where it has a text."""
    sentences = []
    for name, own in data(games).groupby("mechanism", sort=False):
        row = own.iloc[int((own["policy"] - own["reference"]).abs().argmax())]
        what = _named(row["prompt"], row["response"], row["text"]).replace("\n", " ")
        moved = (
            f"from {number(row['reference'])} to {number(row['policy'])} [{number(row['low'])}, {number(row['high'])}]"
        )
        sentences.append(f"Under {name} the probability of {what} moves most, {moved}.")
    return " ".join(sentences)


def missing(games: Games) -> str | None:
    """Folders of earlier versions."""
    return (
        None if _kept(games) else "Not drawn: the run folders hold no policies.parquet; an earlier version wrote them."
    )


def _kept(games: Games) -> list[Game]:
    return [game for game in games if game.run.policies is not None]


def _policies(game: Game) -> pd.DataFrame:
    assert game.run.policies is not None
    return game.run.policies


def _chosen(games: Games) -> pd.DataFrame:
    """``prompt, response``: in their order where all fit, else those that moved most under any mechanism."""
    moved = [
        _policies(game).assign(moved=lambda own: (own["policy"] - own["reference"]).abs()) for game in _kept(games)
    ]
    most = pd.concat(moved).groupby(["prompt", "response"], as_index=False)["moved"].max()
    if len(most) > MOST_BARS:
        most = most.iloc[np.argsort(-most["moved"].to_numpy(), kind="stable")[:MOST_BARS]]
    return most[["prompt", "response"]].reset_index(drop=True)


def _named(prompt: int, response: int, text: object) -> str:
    """A quotation on at most two lines, or a number."""
    where = f"response {response}" + (f" to prompt {prompt}" if prompt else "")
    return "\n".join(wrap(f"“{label(text, MOST_LETTERS)}”", 48)) if isinstance(text, str) else where


BEFORE_AND_AFTER = Illustration("What does the model say now?", data, before_and_after, caption, finding, missing)
