"""A few single-reward fine-tunes, trained once, and every mixture of them: a menu fixed before the reports arrive.

An affine maximizer over a fixed menu is exactly incentive compatible, however well its entries were trained, and a
report costs no training at all.  What is lost is welfare, where no mixture comes near the optimum.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.base import no_gap
from mechanisms.fine_tuners.lora import lora
from mechanisms.fine_tuners.menu import Menu
from mechanisms.fine_tuners.trained import Trained, stack_size
from mechanisms.fine_tuners.training.recalled import Key, keys_of
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.language_models.enumerable import ENUMERABLE
from mechanisms.language_models.soup import soup
from mechanisms.named import unknown
from mechanisms.reference import Reference
from mechanisms.valuation import Profile

HOW = ("logits", "weights")
MOST_MIXTURES = 20_000


@dataclass(frozen=True)
class Mixtures:
    """argmax of E[reward] - beta KL over mixtures c of the fine-tunes p_f, p_f trained on ``strength * basis_f``.

    ``logits``: policy proportional to reference * prod_f (p_f / reference)^c_f (multi-objective decoding, Shi et al.,
    arXiv 2406.18853); ``weights``: the model with sum_f c_f of the adapters.  c_f is 0, 1/levels, ..., 1.
    """

    tuner: Trained
    basis: Tensor  # [F, P, K], the rewards that are trained on, before anybody reports
    how: str
    levels: int
    strength: float
    made: dict[Key, Menu] = field(default_factory=dict, compare=False)  # one for each reference that was met

    @property
    def divergence(self) -> Divergence:
        return self.tuner.divergence

    @property
    def beta(self) -> float:
        return self.tuner.beta

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        return self.menu(reference)(reference, reward)

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        return self.menu(reference).value(reference, reward)

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        return self.menu(reference).concave(reference, reports, welfare)

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        return no_gap(reference, reward)

    def anchor(self, reference: Reference) -> Reference:
        return reference

    def menu(self, reference: Reference) -> Menu:
        """All mixtures over one reference ``[P, K]``, made when first asked for.  Raises ValueError for a batch."""
        if reference.policy.dim() != 2:
            raise ValueError("fine_tuner mixtures has one menu; a reference that drifts would need one a round")
        if self.basis.shape[1:] != reference.policy.shape:
            expected = " x ".join(map(str, reference.policy.shape))
            raise ValueError(f"fine_tuner.basis: each must be {expected} numbers (prompts x responses)")
        (key,) = keys_of("menu", reference.policy[None])
        if key not in self.made:
            self.made[key] = Menu(self._policies(reference), self.divergence, self.beta)
        return self.made[key]

    @property
    def coefficients(self) -> Tensor:
        """``[C, F]``."""
        steps = torch.linspace(0, 1, self.levels + 1, dtype=torch.float64)
        return torch.cartesian_prod(*[steps] * len(self.basis)).reshape(-1, len(self.basis))

    @torch.no_grad()
    def _policies(self, reference: Reference) -> Tensor:
        """``[C, P, K]``."""
        targets, mixed = self.strength * self.basis, self.coefficients.to(reference.policy)
        if self.how == "weights":
            return self._soups(reference, targets, mixed)
        singles = self.tuner(reference, targets)
        moved = torch.where(reference.policy > 0, singles.log() - reference.log, 0.0)
        return (reference.log + torch.einsum("cf,fpk->cpk", mixed, moved)).softmax(-1)

    def _soups(self, reference: Reference, targets: Tensor, mixed: Tensor) -> Tensor:
        law, adapters = self.tuner.law(reference), self.tuner.adapters(reference, targets)
        parts = mixed.split(stack_size(law))
        return torch.cat([law.log_policy(soup(adapters, some), reference.log).exp() for some in parts])


def mixtures(
    divergence: Divergence,
    beta: float = 1.0,
    *,
    basis: Tensor,
    how: str = "logits",
    levels: int = 4,
    strength: float = 1.0,
    model: str = ENUMERABLE,
    steps: int = 60,
    rate: float = 0.03,
    rank: int = 4,
    layers: int = 0,
    temperature: float = 1.0,
    seed: int = 0,
) -> Mixtures:
    """`Mixtures` of ``lora`` fine-tunes; see there for what each option of training means.

    Raises ValueError for another ``how``, for a basis that is not ``[F, P, K]`` or [F, K], and for too many mixtures.
    """
    if how not in HOW:
        raise ValueError(f"mixtures: {unknown('how', how, HOW)}")
    features = basis[:, None] if basis.dim() == 2 else basis
    if features.dim() != 3:
        raise ValueError(f"mixtures: basis has {basis.dim()} axes; a list of rewards, prompts x responses, is expected")
    if levels < 1 or (levels + 1) ** len(features) > MOST_MIXTURES:
        most = f"at most {MOST_MIXTURES} mixtures, (levels + 1) to the power of {len(features)} rewards"
        raise ValueError(f"mixtures: levels is {levels}; allowed is 1 or more, and {most}")
    if not strength > 0:
        raise ValueError(f"mixtures: strength is {strength}; allowed is above 0")
    tuner = lora(
        divergence,
        beta,
        model=model,
        steps=steps,
        rate=rate,
        rank=rank,
        layers=layers,
        temperature=temperature,
        seed=seed,
    )
    return Mixtures(tuner, features, how, levels, strength)
