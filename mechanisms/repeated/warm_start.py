"""Every round's fine-tunes go on from the adapters of the last round, towards the same objective."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from mechanisms.base import Mechanism, Uniform
from mechanisms.fine_tuners.trained import Trained
from mechanisms.language_models.adapters import Adapters
from mechanisms.reference import Reference
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation


@dataclass(frozen=True)
class WarmStart:
    """theta(t) is trained from theta(t - 1), what the last round deployed; divergence is that from the reference still.

    The state is those adapters ``[B]``, None before the first round.  The models without somebody start there too, so
    a bill compares runs that began alike.  Where training starts is settled before the round's reports: what was
    truthful within a round up to its optimality gap, still is, and the gap shrinks where reports repeat themselves.
    Over the rounds it is not, for whoever reports today to move where tomorrow's training starts.
    """

    def first(self, mechanism: Mechanism) -> Mechanism:
        train = mechanism.train
        if not isinstance(train, SocialWelfare):
            raise ValueError("warm_start goes on with the training social_welfare; another is given")
        if not isinstance(train.fine_tuner, Trained):
            raise ValueError("warm_start goes on with the fine-tuners lora and rloo; another is given")
        return mechanism

    def init(self, reference: Reference, agents: int, games: int) -> None:
        return None

    def current(self, state: Adapters | None, mechanism: Mechanism) -> Mechanism:
        train = cast(SocialWelfare, mechanism.train)
        tuner = replace(cast(Trained, train.fine_tuner), start=state)
        return replace(mechanism, train=replace(train, fine_tuner=tuner))

    def update(
        self,
        state: Adapters | None,
        mechanism: Mechanism,
        reference: Reference,
        reports: Valuation,
        uniform: Uniform,
    ) -> Adapters:
        train = cast(SocialWelfare, mechanism.train)
        return cast(Trained, train.fine_tuner).adapters(reference, train.reward(reference, reports))
