"""Model the utility of all lies from the few tried, and tell the most promising one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.base import Observation
from strategies.gaussian_process import matern, posterior
from strategies.options import require
from strategies.parametric import DIMENSIONS, lie
from strategies.streams import Streams

CANDIDATES = 160
TIED = 1e-9  # of a standard deviation of the model: far above the rounding of a batched factorisation
EQUAL = 1e-9  # of the range of the utilities: smaller differences are rounding


@dataclass(frozen=True)
class Trials:
    """The memory of Bayesian optimisation: the last lies told, and what they brought."""

    messages: MessageSpace
    action: Tensor  # [B, m], the candidate to try next
    tried: Tensor  # [B, m, w], candidates, the oldest first
    found: Tensor  # [B, m, w], their utilities


@dataclass(frozen=True)
class BayesianOptimisation:
    """argmax over candidate lies of mean + optimism * deviation, of a Gaussian process on the last ``window`` rounds.

    GP-UCB (Srinivas, Krause, Kakade and Seeger 2010, Algorithm 1) with a constant optimism: an upper confidence bound,
    unlike expected improvement, comes to rest on the best lie.  Utilities count by their normal scores in the window,
    so that one disastrous lie does not drown all other differences; the window bounds a round's cost and forgets what
    others used to do.  Candidates are spread over the box of strategies/parametric.py, the truth first; ties go to
    the first.  When several such agents learn at once, each is misled by the others' trials.
    """

    window: int = 60
    optimism: float = 2.0
    length: float = 1.0
    noise: float = 0.1
    information = "bandit"
    promise = None

    def __post_init__(self) -> None:
        require(2 <= self.window <= 500, "window", self.window, "2 to 500")
        require(self.optimism >= 0, "optimism", self.optimism, "0 and above")
        require(self.length > 0, "length", self.length, "above 0")
        require(self.noise >= 1e-3, "noise", self.noise, "0.001 and above (deviations of the utility)")

    def init(self, valuation: Valuation, messages: MessageSpace, rng: Streams) -> Trials:
        """The truth first."""
        none = valuation.weights[..., None][..., :0]
        return Trials(messages, torch.zeros_like(valuation.weights).long(), none.long(), none)

    def report(self, valuation: Valuation, memory: Trials, rng: Streams) -> Valuation:
        """The candidate decided on."""
        return lie(valuation, memory.messages, candidates(memory.action.device)[memory.action])

    def update(self, valuation: Valuation, memory: Trials, seen: Observation, rng: Streams) -> Trials:
        """Note the utility, and ask the model."""
        tried = torch.cat([memory.tried, memory.action[..., None]], -1)[..., -self.window :]
        found = torch.cat([memory.found, seen.utility[..., None]], -1)[..., -self.window :]
        return replace(memory, action=self._best(tried, found), tried=tried, found=found)

    def _best(self, tried: Tensor, found: Tensor) -> Tensor:
        box = candidates(found.device)
        kernel = matern(box, box, self.length)
        within, across = kernel[tried[..., :, None], tried[..., None, :]], kernel[tried]
        mean, deviation = posterior(within, across, normal_scores(found), self.noise)
        bound = mean + self.optimism * deviation
        return (bound >= bound.amax(-1, keepdim=True) - TIED).byte().argmax(-1)


def normal_scores(found: Tensor) -> Tensor:
    """The normal quantile of each number's rank among ``found [..., w]``, equal ones sharing theirs: ``[..., w]``."""
    span = found.amax(-1, keepdim=True) - found.amin(-1, keepdim=True)
    gap = found[..., :, None] - found[..., None, :]
    above = gap.sign() * (gap.abs() > EQUAL * span[..., None])  # 1 where the row's number is above the column's
    return torch.special.ndtri(0.5 + above.mean(-1) / 2)


def candidates(device: torch.device) -> Tensor:
    """The truth, and points spread evenly over the box: ``[160, 2]``.

    The k-th is (frac(k / phi), frac(k / phi^2)), stretched, where phi^3 = phi + 1 (Roberts 2018, the R2 sequence).
    """
    phi = 1.324717957244746
    k = torch.arange(1, CANDIDATES, dtype=torch.float64, device=device)[:, None]
    powers = phi ** -torch.arange(1.0, DIMENSIONS + 1, dtype=torch.float64, device=device)
    spread = 2 * torch.frac(k * powers) - 1
    return torch.cat([torch.zeros_like(spread[:1]), spread])
