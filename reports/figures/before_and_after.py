"""What does the model say after the last round that it did not say before, and the other way round?"""

from __future__ import annotations

from textwrap import wrap

import numpy as np
import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from reports.figures.base import STYLE, Games, Illustration, colours
from reports.games import Game
from reports.numbers import number
from reports.text import label, listed
from simulate.statistics import LEVEL, RESAMPLES

MOST_BARS = 10  # responses
MOST_LETTERS = 84  # of a response


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
    texts = _chosen(games).merge(frame.drop_duplicates(["prompt", "response"]), on=["prompt", "response"])
    count, size = len(kept) + 1, len(texts)
    with rc_context(STYLE):
        figure = Figure(figsize=(9, 1.2 + size * max(0.55, 0.16 * count)), layout="constrained")
        axes = figure.subplots()
        offsets = (np.arange(count) - (count - 1) / 2) * 0.8 / count
        axes.barh(
            np.arange(size) + offsets[0], texts["reference"], 0.8 / count, color="#b5b5b5", label="before: reference"
        )
        for game, colour, offset in zip(kept, colours(len(kept)), offsets[1:], strict=True):
            # a run keeps the responses that it moved most; of others nothing is known, and nothing is drawn
            own = texts[["prompt", "response"]].merge(frame[frame["mechanism"] == game.name], how="left")
            reach = [(own["policy"] - own["low"]).clip(lower=0), (own["high"] - own["policy"]).clip(lower=0)]
            axes.barh(
                np.arange(size) + offset, own["policy"], 0.8 / count, xerr=reach, color=colour,
                error_kw={"elinewidth": 1.1, "capsize": 2}, label=f"after: {label(game.name, 32)}",
            )  # fmt: skip
        axes.set_yticks(range(size), _names(texts))
        axes.set_ylim(size - 0.5, -0.5)
        axes.set(xlabel="probability of the response", ylabel="", xlim=(0, None))
        axes.grid(axis="y", visible=False)
        figure.legend(loc="outside upper center", ncol=min(count, 3), frameon=False)
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
        f"last, in the order of the legend: mean over n = {n} replicates; bar: its {LEVEL:.0%} percentile "
        f"bootstrap interval ({RESAMPLES} resamples). Replicates differ in the agents' random streams and in whatever "
        f"the scenario draws.{some}{_unknown(games)}{few}"
    )


def _unknown(games: Games) -> str:
    """Responses that a run has not kept, since it moved others more."""
    absent = len(_chosen(games)) * len(_kept(games)) - len(data(games))
    return f" {absent} bars are missing: these responses are not among those that a run kept." if absent else ""


def finding(games: Games) -> str:
    """The response that moved most under each mechanism, quoted where it has a text."""
    sentences = []
    for name, own in data(games).groupby("mechanism", sort=False):
        row = own.iloc[int((own["policy"] - own["reference"]).abs().argmax())]
        what = _names(row.to_frame().T)[0].replace("\n", " ")
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
    frame = pd.concat([_policies(game) for game in _kept(games)])
    moved = frame.assign(moved=(frame["policy"] - frame["reference"]).abs())
    most = moved.groupby(["prompt", "response"])["moved"].max().reset_index()
    if len(most) > MOST_BARS:
        most = most.iloc[np.argsort(-most["moved"].to_numpy(), kind="stable")[:MOST_BARS]]
    return most[["prompt", "response"]].reset_index(drop=True)


def _names(frame: pd.DataFrame) -> list[str]:
    columns = (frame["prompt"], frame["response"], frame["text"])
    return [_named(int(prompt), int(response), text) for prompt, response, text in zip(*columns, strict=True)]


def _named(prompt: int, response: int, text: object) -> str:
    """A quotation on at most two lines, or a number."""
    where = f"response {response}" + (f" to prompt {prompt}" if prompt else "")
    return "\n".join(wrap(f"“{label(text, MOST_LETTERS)}”", 48)) if isinstance(text, str) else where


BEFORE_AND_AFTER = Illustration("What does the model say now?", data, before_and_after, caption, finding, missing)
