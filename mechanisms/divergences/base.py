"""An f-divergence is its generator: D_f(p, q) = E_q f(p/q), f convex with f(1) = 0."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from mechanisms.reference import Reference


@dataclass(frozen=True)
class Divergence:
    """A generator, and what an exact fine-tuner needs to know of its slope.

    ``tilt(t, a)`` is the likelihood ratio whose slope lies ``a <= 0`` above the slope at ``t``:
    f'(tilt(t, a)) = f'(t) + a, and 0 where no ratio has so low a slope.  Writing the inverse of f' this way keeps
    full precision where f' saturates.  ``softness(t)`` is 1 / f''(t), and 0 at ratios that `tilt` clipped to 0.
    A divergence with a kink has neither, and brings its own ``optimum``.

    ``optimum(reference, reward, beta)`` is argmax_p E_p[reward] - beta D(p, reference) per prompt ``[..., P, K]`` where
    a closed form is known, ``conjugate`` the maximum itself.
    """

    name: str
    f: Callable[[Tensor], Tensor]
    tilt: Callable[[Tensor, Tensor], Tensor] | None = None
    softness: Callable[[Tensor], Tensor] | None = None
    optimum: Callable[[Reference, Tensor, float], Tensor] | None = None
    conjugate: Callable[[Reference, Tensor, float], Tensor] | None = None

    def __call__(self, policy: Tensor, reference: Tensor) -> Tensor:
        """D_f(policy, reference) over the last axis: ``[..., K] -> [...]``."""
        return (reference * self.f(likelihood_ratio(policy, reference))).sum(-1)


def likelihood_ratio(policy: Tensor, reference: Tensor) -> Tensor:
    """policy / reference, and 1 (where f is 0) off the reference's support, where a policy may not go."""
    off = (reference <= 0).to(reference.dtype)
    return (policy + off).div_(reference + off)
