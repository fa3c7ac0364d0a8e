"""The nouns of one round: shapes, units and signs, fixed here and nowhere else.

Letters: ``n`` agents, ``P`` prompts, ``K`` candidate responses of a prompt (ragged sets are padded with
reference probability 0), ``...`` any batch axes (replicates, games, lies).  Axes added by the library are put
*in front*, so that a reference ``[P, K]`` or ``[B, P, K]`` broadcasts against everything.

Signs: utility = weight * E_policy[reward] - payment; a payment is positive when the agent pays;
social welfare = sum of weight * E[reward]; objective = what the training rule maximises, for the welfare rule
social welfare - beta * divergence(policy, reference).  ``E`` over prompts is a mean with prompt weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from torch import Tensor

from mechanisms.prior import UNIFORM, Prior
from mechanisms.reference import Reference
from mechanisms.valuation import Profile, Reports, Valuation


@dataclass(frozen=True)
class Outcome:
    """What a mechanism answers: the fine-tuned policy and everybody's bill."""

    policy: Tensor  # [..., P, K]
    payments: Tensor  # [..., q], one for each of the reports' payers (all n agents, or the deviator alone)


class TrainingRule(Protocol):
    """Reports in, policy out; and the objective that the policy maximises."""

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        """The fine-tuned policy ``[..., P, K]``."""
        ...

    def objective(self, reference: Reference, reports: Profile, policy: Tensor) -> Tensor:
        """What ``policy`` is worth to the rule ``[...]``."""
        ...

    def value(self, reference: Reference, reports: Profile) -> Tensor:
        """The largest objective that the rule could attain ``[...]``; rules that maximise, do attain it."""
        ...

    def divergence(self, reference: Reference, policy: Tensor) -> Tensor:
        """D(policy, reference) ``[...]``, before beta."""
        ...

    @property
    def beta(self) -> float:
        """What a unit of divergence costs, in units of social welfare."""
        ...

    @property
    def influence(self) -> Tensor:
        """How much a unit of an agent's weight counts: ``[n]``, or a single number for everybody."""
        ...


class PaymentRule(Protocol):
    """``(train, reference, reports, policy) -> payments [..., q]``, q the reports' payers."""

    def __call__(self, train: TrainingRule, reference: Reference, reports: Reports, policy: Tensor) -> Tensor: ...


@dataclass(frozen=True)
class Mechanism:
    """A training rule, a payment rule, and the axioms that the pair claims."""

    train: TrainingRule
    pay: PaymentRule
    claims: frozenset[str] = field(default_factory=frozenset)
    prior: Prior = UNIFORM  # what everybody believes of a stranger; only Bayesian payments and axioms use it
    repeated: Repeated | None = None  # how the mechanism changes from round to round, if it does

    def __call__(self, reference: Reference, reports: Reports) -> Outcome:
        policy = self.train(reference, reports)
        return Outcome(policy, self.pay(self.train, reference, reports, policy))


State = Any
Uniform = Callable[[int], Tensor]  # so many numbers on [0, 1) for each of B games, from streams of their own: [B, k]


class Repeated(Protocol):
    """What carries over from round to round; the state is a value, handed in and returned, batched over games."""

    def first(self, mechanism: Mechanism) -> Mechanism:
        """The mechanism of the first round.  Raises ValueError where ``mechanism`` cannot be repeated like this."""
        ...

    def init(self, reference: Reference, agents: int, games: int) -> State:
        """The state before the first round.  Raises ValueError where the options do not fit the game."""
        ...

    def current(self, state: State, mechanism: Mechanism) -> Mechanism:
        """The mechanism in force, settled before this round's reports arrive, from that of the first round."""
        ...

    def update(
        self, state: State, mechanism: Mechanism, reference: Reference, reports: Valuation, uniform: Uniform
    ) -> State:
        """The state after a round with these reports ``[B, n, P, K]``, in which ``mechanism`` was in force."""
        ...


def valuations(reference: Reference, truth: Valuation, policy: Tensor) -> Tensor:
    """weight_i * E_policy[reward_i]: ``[..., n]``."""
    return truth.weights * truth.expected_rewards(reference, policy)


def utility(reference: Reference, truth: Valuation, outcome: Outcome) -> Tensor:
    """Quasi-linear utility, valuation - payment: ``[..., n]`` (arXiv 2405.16276, section 3)."""
    return valuations(reference, truth, outcome.policy) - outcome.payments
