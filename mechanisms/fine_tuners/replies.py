"""Fine-tuning on a sample of replies: nothing is trained, a few drawn responses are reweighted.

The allocation rule of MOSAIC (Soumalias, Curry, Seuken; arXiv 2405.05905, NeurIPS 2025).  The replies are drawn
before the reports arrive, so an affine maximizer on them is exactly incentive compatible however few they are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.base import no_gap
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.reference import Reference
from mechanisms.valuation import Profile


@dataclass(frozen=True)
class Replies:
    """argmax over the policies on M = ``samples`` replies a prompt, regularised towards the sample itself.

    The anchor is the empirical law with importance weights, mass of y = sum_m omega_m [y_m = y] / sum_m omega_m,
    omega = reference / generator.  Under KL the policy is P(y_m) proportional to omega_m exp(S(y_m) / beta).
    ``generator [P, K]`` is what replies are drawn from, the reference itself if left out, positive where it is.
    Raises ValueError for no samples, and for a generator of another shape or that misses a response.
    """

    divergence: Divergence
    beta: float = 1.0
    samples: int = 20
    seed: int = 0
    generator: Tensor | None = None

    def __post_init__(self) -> None:
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}; it must be above 0 (only the fine-tuner menu allows 0)")
        if not 1 <= self.samples <= 1_000_000:
            raise ValueError(f"replies: samples is {self.samples}; allowed is 1 to 1000000")

    def anchor(self, reference: Reference) -> Reference:
        """The sample as a law over the same responses, 0 on those that were not drawn."""
        law = self._generator(reference)
        drawn = law * 0.0
        drawn.scatter_add_(-1, self._draws(law), torch.ones_like(law[..., :1]).expand(*law.shape[:-1], self.samples))
        weighted = drawn * torch.where(law > 0, reference.policy / torch.where(law > 0, law, 1.0), 0.0)
        return replace(reference, policy=weighted / weighted.sum(-1, keepdim=True))

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        return self._exact(self.anchor(reference), reward)

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        """V_M, the maximum on the sample."""
        return self._exact.value(self.anchor(reference), reward)

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        return self._exact.concave(self.anchor(reference), reports, welfare)

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        return no_gap(reference, reward)

    @property
    def _exact(self) -> Exact:
        return Exact(self.divergence, self.beta)

    def _draws(self, law: Tensor) -> Tensor:
        """Indices ``[..., P, M]``, every batch entry's law put to the same uniforms."""
        rng = torch.Generator().manual_seed(self.seed)
        uniforms = torch.rand(law.shape[-2], self.samples, generator=rng, dtype=torch.float64).to(law)
        reached = law.cumsum(-1)
        sought = (uniforms * reached[..., -1:]).contiguous()
        # a product rounded up to the whole would fall off the end
        return torch.searchsorted(reached.contiguous(), sought, right=True).clamp(max=law.shape[-1] - 1)

    def _generator(self, reference: Reference) -> Tensor:
        if self.generator is None:
            return reference.policy
        law, shape = self.generator.to(reference.policy), reference.policy.shape[-2:]
        if law.shape != shape:
            raise ValueError(f"replies: generator is {tuple(law.shape)}; allowed is {tuple(shape)}, as the responses")
        if bool((law < 0).any()) or bool(((law <= 0) & (reference.policy > 0)).any()):
            raise ValueError("replies: generator must be positive wherever the reference is, and nowhere negative")
        return law.expand(reference.policy.shape)
