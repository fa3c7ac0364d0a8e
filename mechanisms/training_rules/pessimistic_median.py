"""Pessimistic median of estimates, issue by issue (Kleine Buening et al., arXiv 2503.09561): unpaid, little to gain."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.reference import Reference
from mechanisms.training_rules.base import SocialChoice
from mechanisms.training_rules.duple import picked
from mechanisms.training_rules.median import weighted_median
from mechanisms.training_rules.presence import if_anybody, votes
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class PessimisticMedian(SocialChoice):
    """policy(y) = 2 q(y) sum_y' q(y') win(y, y'), win 1 where the median agent surely prefers y, 1/2 where unsure.

    The issues are the pairs of responses that two draws from the reference q can put to the vote, a box, as the
    paper's analysis needs (the simplex of policies is none).  On each of the d issues of a prompt every agent's data
    are m = ``comparisons`` Bradley-Terry answers, k of them for y; its estimate is logit((k + 1/2) / (m + 1)), which
    is finite when all answers agree, up to f = sqrt((d + log(n / confidence)) / m), the paper's radius with its
    constant set to 1 for orthogonal issues (derived): about two standard errors at K = 5, so that an issue on which
    the median agent is indifferent is decided now and then.  win is 1 if the median of the lower ends is above 0, and
    0 if that of the upper ends is below; all widths are the same, so these are the median's own ends.

    Answers come from common random numbers: the same uniforms for every agent, game and lie, from ``seed``.  With
    rewards in [0, 1], K = 5 and 256 answers f is about 0.23, so that most pairs are decided; with 32 it is 0.65 and
    few are.  Agents count equally whatever their weight; weight 0 is absent.  No slope for gradients.

    Raises ValueError unless comparisons is at least 1, and confidence between 0 and 1.
    """

    comparisons: int = 256
    confidence: float = 0.1
    seed: int = 0

    def __post_init__(self) -> None:
        if self.comparisons < 1:
            raise ValueError(f"pessimistic_median: comparisons is {self.comparisons}; allowed is 1 and above")
        if not 0 < self.confidence < 1:
            raise ValueError(f"pessimistic_median: confidence is {self.confidence}; allowed is above 0 and below 1")

    def __call__(self, reference: Reference, reports: Profile) -> Tensor:
        responses = reference.policy.shape[-1]
        y, other = torch.tril_indices(
            responses, responses, -1, device=reference.policy.device
        )  # padding changes no pair
        rewards = reports.rewards.detach()
        preferred = torch.sigmoid(rewards[..., y] - rewards[..., other])  # [..., n, P, pairs]
        median = weighted_median(self.estimates(preferred), votes(reports))
        radius = self.radius(reference, reports)
        decided = (1 + (median > radius).to(median) - (median < -radius).to(median)) / 2
        win = decided.new_full((*decided.shape[:-1], responses, responses), 0.5)
        win[..., y, other], win[..., other, y] = decided, 1 - decided
        return if_anybody(reports, picked(reference.policy, win), reference)

    def estimates(self, chance: Tensor) -> Tensor:
        """What is learnt of an agent who answers an issue with ``chance``: log odds, ``[..., n, P, pairs]``."""
        prompts, pairs = chance.shape[-2:]
        rng = torch.Generator().manual_seed(self.seed)
        uniforms = torch.rand(pairs, prompts, self.comparisons, generator=rng, dtype=torch.float64)
        thresholds = uniforms.to(chance).transpose(0, 1).sort(-1).values.contiguous()
        flat = chance.reshape(-1, prompts, pairs).permute(1, 2, 0).contiguous()
        ayes = torch.searchsorted(thresholds, flat).permute(2, 0, 1).reshape(chance.shape).to(chance)
        return torch.logit((ayes + 0.5) / (self.comparisons + 1))

    def radius(self, reference: Reference, reports: Profile) -> Tensor:
        """f, the half-width of everybody's interval: ``[..., P, 1]``."""
        count = (reference.policy > 0).sum(-1)
        issues = count * (count - 1) / 2
        people = votes(reports).sum(-1).clamp(min=1)[..., None]
        return ((issues + (people / self.confidence).log()) / self.comparisons).sqrt()[..., None]
