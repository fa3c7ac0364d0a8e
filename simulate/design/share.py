"""Learned payments: which share of its reported value should an agent pay, so that lies gain least?

Duetting et al. (RegretNet, arXiv 1706.03459) learn allocation and payments; here the training rule is given and only
payments are learned.  Policies do not depend on them, so the policies and features at the truth and at a fixed,
large set of lies are worked out once, without gradients, and a step costs one small network.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor

from mechanisms.base import PaymentRule, TrainingRule, valuations
from mechanisms.payments.learned import FEATURES, features, learned, share
from mechanisms.reference import Reference
from mechanisms.valuation import EVERYONE, Deviations, Valuation
from simulate.design.lies import in_pieces

UNITS = 6  # of the hidden layer: 6 * 11 + 7 = 73 numbers
START = -2.0  # of the output's bias: everybody starts by paying about an eighth
FEW = 1e-6  # a feature that varies less over the games than this is not stretched to unit variance


@dataclass(frozen=True)
class Cases:
    """Truth and lies as the payment sees them, and what each outcome is worth to the agent; axes ``[(M,) n, B]``."""

    inputs: Tensor  # [..., F]
    reported: Tensor  # w_i E_policy[r_i] at the report
    worth: Tensor  # w_i E_policy[r_i] at the truth

    def utility(self, hidden: Tensor, output: Tensor) -> Tensor:
        """What the agent is left with."""
        return self.worth - self.paid(hidden, output)

    def paid(self, hidden: Tensor, output: Tensor) -> Tensor:
        """The payments of `mechanisms.payments.learned`."""
        return share(self.inputs, hidden, output) * self.reported.clamp(min=0)

    def beside(self, more: Cases) -> Cases:
        """These lies and more of them."""
        return Cases(
            torch.cat([self.inputs, more.inputs]),
            torch.cat([self.reported, more.reported]),
            torch.cat([self.worth, more.worth]),
        )


def honest_cases(train: TrainingRule, reference: Reference, truth: Valuation) -> Cases:
    """Everybody tells the truth."""
    with torch.no_grad():
        policy = train(reference, truth)
        worth = valuations(reference, truth, policy).movedim(-1, 0)
        return Cases(features(train, reference, truth, policy), worth, worth)


def lying_cases(train: TrainingRule, reference: Reference, truth: Valuation, lies: Valuation) -> Cases:
    """One agent lies."""
    own = truth.payers()

    def columns(some: Valuation) -> Tensor:
        reports = Deviations(truth, EVERYONE, some)
        policy = train(reference, reports)
        reported = some.weights * reference.expectation(policy, some.rewards)
        worth = own.weights * reference.expectation(policy, own.rewards)
        inputs = features(train, reference, reports, policy)
        return torch.cat([inputs, reported[..., None], worth[..., None]], -1)

    with torch.no_grad():
        found = in_pieces(lies, columns)
    return Cases(found[..., :FEATURES], found[..., -2], found[..., -1])


@dataclass(frozen=True)
class Standardised:
    """Parameters for inputs of mean 0 and variance 1, in which a search is well conditioned."""

    mean: Tensor  # [F]
    deviation: Tensor  # [F]
    hidden: Tensor  # [H, F + 1]
    output: Tensor  # [H + 1]

    @classmethod
    def of(cls, cases: Cases, rng: torch.Generator) -> Standardised:
        """Random first layer; a second layer that starts at a constant share."""
        flat = cases.inputs.flatten(0, -2)
        deviation = torch.where(flat.std(0) > FEW, flat.std(0), 1.0)
        hidden = torch.randn(UNITS, FEATURES + 1, generator=rng, dtype=torch.float64) / FEATURES**0.5
        output = torch.cat([torch.zeros(UNITS), torch.tensor([START])])
        return cls(flat.mean(0), deviation, hidden.to(flat).requires_grad_(), output.to(flat).requires_grad_())

    def at(self, hidden: Tensor, output: Tensor) -> Standardised:
        """The same inputs, other parameters."""
        return replace(self, hidden=hidden.requires_grad_(), output=output.requires_grad_())

    def options(self) -> dict[str, Tensor]:
        """The options of `mechanisms.payments.learned`."""
        return {"hidden": self.folded().detach(), "output": self.output.detach()}

    def payment(self) -> PaymentRule:
        """The payment rule that these parameters make."""
        return partial(learned, hidden=self.folded().detach(), output=self.output.detach())

    def folded(self) -> Tensor:
        """The first layer for inputs as they come."""
        slopes = self.hidden[:, :-1] / self.deviation
        return torch.cat([slopes, (self.hidden[:, -1] - slopes @ self.mean)[:, None]], -1)


def regret(honest: Cases, lying: Cases, hidden: Tensor, output: Tensor) -> Tensor:
    """E max over lies of the gain, at least 0: per agent ``[n]``."""
    gain = lying.utility(hidden, output) - honest.utility(hidden, output)
    return gain.amax(0).clamp(min=0).mean(-1)
