"""Games drawn from a scenario's own distribution: some to learn from, some to choose by, others to be judged on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from mechanisms.base import Outcome
from mechanisms.reference import Reference
from mechanisms.training_rules.base import FineTuned
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.config import Config, MechanismConfig, expanded
from simulate.design.ledger import Ledger, ledger
from simulate.errors import BadInput
from simulate.scenario import Scenario, build

QUICK, LEAST, MOST = 1_000_000, 2, 512  # rewards of all games learned from: under 0.2 s a step; games, if not asked
JUDGES = 4  # held-out games for each game learned from: they are only evaluated, which is cheap


@dataclass(frozen=True)
class Games:
    """``games`` replicates, the next ``games``, the next ``4 * games``; and the welfare all are measured in.

    Where all games are the same, one does for many.
    """

    learning: Scenario  # gives gradients
    choosing: Scenario  # says which iterate is best
    held_out: Scenario  # says what that is worth
    yardstick: SocialWelfare  # at the scenario's own divergence and beta

    def books(self, mechanism: Callable[[Reference, Valuation], Outcome], on: Scenario) -> Ledger:
        """What a mechanism brings in there when everybody tells the truth."""
        return ledger(self.yardstick, on.reference, on.truth, mechanism(on.reference, on.truth))


def vary(config: Config) -> bool:
    """Whether one game of the scenario differs from another: does it leave anybody's truth to chance?"""
    return any("random" in given for a in config.agents for given in (a.rewards, a.weight) if isinstance(given, dict))


def drawn_games(config: Config, games: int | None, source: str, device: str = "cpu") -> Games:
    """As many ``games`` as asked, or as are quick.  Raises BadInput, also where fine-tuning is not exact."""
    keys = five_keys(config)
    if keys.fine_tuner != "exact":
        raise BadInput(f"{source}: mechanism.fine_tuner is {keys.fine_tuner!r}; a design needs 'exact'")
    if keys.repeated is not None:
        raise BadInput(f"{source}: mechanism.repeated is {keys.repeated!r}; a design needs one round's mechanism")
    if not vary(config):
        games = 1
    elif games is None:
        numbers = build(config, source, (0,), device=device).truth.rewards.numel()
        games = min(max(QUICK // numbers, LEAST), MOST)
    edges = (0, games, 2 * games, (2 + JUDGES) * games)
    learning, choosing, held_out = (build(config, source, range(*edge), device=device) for edge in pairwise(edges))
    assert isinstance(learning.mechanism.train, FineTuned)
    return Games(learning, choosing, held_out, SocialWelfare(learning.mechanism.train.fine_tuner))


def five_keys(config: Config) -> MechanismConfig:
    """The scenario's mechanism, spelled out."""
    given = expanded(config.mechanism)
    return given if isinstance(given, MechanismConfig) else MechanismConfig.model_validate(given)


def with_mechanism(config: Config, **keys: object) -> Config:
    """The scenario with some keys of its mechanism replaced, checked again."""
    mechanism = {**five_keys(config).model_dump(), **keys}
    return Config.model_validate({**config.model_dump(exclude_none=True), "mechanism": mechanism})
