"""What agents may say, as lists of reports with names that people read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.messages.base import MessageSpace
from mechanisms.valuation import Valuation
from strategies.menus import menu_of

SAME = 1e-12  # of the largest reward or weight: two projections of the same lie


@dataclass(frozen=True)
class Menu:
    """One agent's reports in B replicates, the truth first, none of them twice."""

    reports: Valuation  # rewards [A, B, P, K], weights [A, B]
    labels: tuple[str, ...]

    def only(self, replicate: int) -> Menu:
        """The reports of one replicate: ``[A, P, K]``, ``[A]``."""
        return Menu(Valuation(self.reports.rewards[:, replicate], self.reports.weights[:, replicate]), self.labels)


def menus(truth: Valuation, messages: MessageSpace, names: Sequence[str]) -> list[Menu]:
    """Every agent's entries of the catalogued menus ``names``, one after the other; truth ``[B, n, P, K]``.

    Lies that the message space makes equal are one, under the name of the first.  Raises ValueError for unknown menus.
    """
    told = [(name, menu_of(name)(truth, messages)) for name in names]
    return [_menu(truth, told, agent) for agent in range(truth.weights.shape[-1])]


def _menu(truth: Valuation, told: Sequence[tuple[str, Valuation]], agent: int) -> Menu:
    true = Valuation(truth.rewards[:, agent], truth.weights[:, agent])
    rewards, weights, labels = [true.rewards], [true.weights], ["truth"]
    for name, menu in told:
        for entry in range(len(menu.weights)):
            lie = Valuation(menu.rewards[min(entry, len(menu.rewards) - 1), :, agent], menu.weights[entry, :, agent])
            if not any(_same(lie, Valuation(r, w)) for r, w in zip(rewards, weights, strict=True)):
                rewards.append(lie.rewards)
                weights.append(lie.weights)
                labels.append(_label(true, lie, f"{name} {entry}"))
    return Menu(Valuation(torch.stack(rewards), torch.stack(weights)), tuple(labels))


def _label(true: Valuation, lie: Valuation, otherwise: str) -> str:
    """``weight x4`` where nothing but the weight is a lie, the entry's number elsewhere.

    A factor that a limit on weights cuts in some replicates is the largest of them.
    """
    if not _close(true.rewards, lie.rewards) or not bool((true.weights > 0).all()):
        return otherwise
    ratio = lie.weights / true.weights
    return f"weight x{float(ratio.max()):.4g}" + ("" if _close(ratio, ratio[:1]) else ", capped")


def _same(one: Valuation, other: Valuation) -> bool:
    return _close(one.rewards, other.rewards) and _close(one.weights, other.weights)


def _close(one: Tensor, other: Tensor) -> bool:
    size = torch.maximum(one.abs().amax(), other.abs().amax())
    return bool((one - other).abs().amax() <= SAME * size)
