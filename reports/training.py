"""Where every round trains language models: how well it trained, and what a lie could gain by that."""

from __future__ import annotations

from typing import Any

from mechanisms.fine_tuners import FINE_TUNERS
from mechanisms.named import name_of
from reports.games import Game
from reports.named import defaults, options
from reports.numbers import number, span
from reports.study import Study
from simulate.adapters.tuned import trains

# What the options of fine-tuners mean; those that only name a thing are not here.
MEANING = {
    "model": "the language model that is trained",
    "steps": "steps of the optimiser in every fine-tune",
    "rate": "learning rate, once it has warmed up",
    "rank": "of the low-rank adapters",
    "layers": "how many of the last blocks have adapters (0: all)",
    "temperature": "of every probability that the model gives",
    "samples": "responses that are drawn for a prompt in every step",
    "estimator": "of the policy gradient: leave-one-out (rloo) or scaled by the group's spread (grpo)",
    "together": "whether the models without somebody are trained in the same stack",
    "seed": "of the adapters' first values and of what training draws",
    "clip": "largest norm of a gradient",
    "warm_up": "steps in which the rate rises",
    "micro_batch": "responses that go through the model at once",
    "evaluation": "fresh responses for a prompt, before and after, that rewards are measured on",
}
BOUNDED = ("affine_maximizer",)  # payments under which the incentive gap bounds every lie


def training(study: Study) -> list[str]:
    """One sentence a mechanism that trains; nothing elsewhere."""
    pairs = zip(study.games, study.rows, strict=True)
    return [_sentence(game, row["metrics"]) for game, row in pairs if trains(game.config)]


def training_options(spec: Any) -> list[tuple[str, str, str]]:
    """``(option, value, meaning)`` of a fine-tuner, given or left at its default."""
    known = {**options(spec), **(defaults(FINE_TUNERS, spec) if name_of(spec) in FINE_TUNERS else {})}
    return [
        (key, f"{value}{'' if key in options(spec) else ' (default)'}", MEANING.get(key, ""))
        for key, value in known.items()
        if not isinstance(value, list)
    ]


def study_options(study: Study) -> list[tuple[str, str, str]]:
    """Those of the best mechanism that trains: a comparison gives all mechanisms the same fine-tuner."""
    return next((training_options(game.recipe.fine_tuner) for game in study.games if trains(game.config)), [])


def _sentence(game: Game, metrics: dict[str, Any]) -> str:
    deployed, truth = metrics["optimality_gap"], metrics["incentive_gap"]
    if deployed["iqm"] is None or truth["iqm"] is None:
        return f"Under {game.name} it is not known what training could reach at best, so no gap is stated."
    bounded = name_of(game.recipe.payment) in BOUNDED
    gains = (
        "its affine-maximizer payments turn this into the most that any lie can gain in a round"
        if bounded
        else f"under the payment rule {name_of(game.recipe.payment)} this bounds no lie"
    )
    return (
        f"Under {game.name} the model that is deployed lacks {number(deployed['iqm'])} {span(deployed)} of the best "
        f"objective at the reports (optimality gap). Trained on the truth it would lack {number(truth['iqm'])} "
        f"{span(truth)} (incentive gap): {gains}."
    )
