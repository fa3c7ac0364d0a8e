"""Payoffs of every profile of reports as matrix products, where KL factorises.

Under KL the policy at reports t'_i = w'_i r'_i is q exp(sum_i t'_i / beta) / Z: Z's terms are a product over agents,
and so Z, the truth's expectations and the payments of all profiles are products of the menus' own exponentials.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial, reduce

import torch
from torch import Tensor

from mechanisms.axioms.shared_lies import SPREAD, factorises
from mechanisms.base import Mechanism
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.empirical.exponents import Exponents
from simulate.empirical.payoff_table import Payoffs
from simulate.empirical.products import Deal, Parts, add_moments, along, bring, everywhere, laid

CELLS = 2**21  # numbers in a table of the replicates that are multiplied at a time, 16 MiB


def factorised(
    mechanism: Mechanism,
    reference: Reference,
    truth: Valuation,
    players: Sequence[int],
    reports: Sequence[Valuation],
) -> Payoffs | None:
    """As `payoffs`; with t_i the truth and t'_i the report, W = sum_i E[t_i - t'_i] + beta log Z.

    Affine-maximizer payments: u_i = E[t_i - t'_i] + beta log Z - beta log Z_{-i}, in p + 2 products;
    no payments: u_i = E[t_i], in p + 3.  None for any other mechanism, for numbers other than float64, and where the
    reports are spread over more than 600 beta, so that Z might vanish.
    """
    if not factorises(mechanism) or truth.rewards.dtype != torch.float64:
        return None
    beta = mechanism.train.beta
    told = tuple(Exponents.of(report, beta) for report in reports)
    if not sum(one.spread for one in told) <= SPREAD:
        return None
    own = truth.of(torch.tensor(players, device=truth.weights.device))
    frozen = truth.weights.clone()
    frozen[:, list(players)] = 0
    logs = reference.log + Valuation(truth.rewards, frozen).total / beta
    game = _Game(beta, reference.prompt_weights, logs, own.weights[..., None, None] * own.rewards, told)
    form = _charged if mechanism.pay is affine_maximizer else _free
    first, *more = map(form, game.portions())
    return Payoffs(*(map(torch.cat, zip(first, *more, strict=True)) if more else first))


@dataclass(frozen=True)
class _Game:
    """What the products are made of; who does not play is part of the reference."""

    beta: float
    shares: Tensor  # [P], of the prompts
    logs: Tensor  # [B, P, K], log of the reference times the exponentials of those who do not play
    truths: Tensor  # [B, p, P, K], t_i
    told: tuple[Exponents, ...]

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(one.weights.shape[1] for one in self.told)

    @cached_property
    def top(self) -> Tensor:
        """The largest exponent of the reference ``[B, P]``."""
        return self.logs.amax(-1)

    def portions(self) -> Iterable[_Game]:
        """The game, some replicates at a time."""
        step = max(1, CELLS // (sum(self.sizes) * self.logs[0].numel()))
        for start in range(0, len(self.logs), step):
            some = slice(start, start + step)
            told = tuple(one.some(some) for one in self.told)
            yield _Game(self.beta, self.shares, self.logs[some], self.truths[some], told)

    def terms(self, side: Sequence[int], prompt: int) -> Parts:
        """The exponentials of some players."""
        return along([partial(self.told[j].terms, prompt) for j in side])

    def based(self, side: Sequence[int], prompt: int) -> Parts:
        """Those of the reference and of some players."""
        base, own = (self.logs[:, prompt] - self.top[:, prompt, None]).exp_(), self.terms(side, prompt)
        usual = everywhere([base], len(side))
        return lambda some: [*own(some), *usual(some)]

    def excess(self, side: Sequence[int], prompt: int) -> Parts:
        """t_j - t'_j of some players."""
        return along([partial(self.told[j].short_of, self.truths[:, j, prompt], prompt) for j in side])

    def together(self, side: Sequence[int], prompt: int) -> Parts:
        """The sum of t'_j over some players."""
        parts = along([partial(self.told[j].told, prompt) for j in side])
        return lambda some: [reduce(operator.add, parts(some))]

    def heights(self) -> list[Tensor]:
        """What was taken from beta log Z, for each player ``[B, 1, ..., A_i, ..., 1]`` and last for the reference."""
        n = len(self.told)
        mine = [laid(one.peaks.movedim(1, -1) @ self.shares, i, n) for i, one in enumerate(self.told)]
        return [*mine, laid(self.beta * (self.top @ self.shares)[:, None], 0, n)]


def _charged(game: _Game) -> tuple[Tensor, Tensor, Tensor]:
    """u_i = E[t_i - t'_i] + beta log Z - beta log Z_{-i}; together they pay sum_i E[t_i] - u_i."""
    everyone = range(len(game.told))
    deal, others = Deal.of(game.sizes, everyone), [_others(game, i) for i in everyone]
    found = deal.zeros(game.logs, 2 + len(everyone))
    for prompt, share in enumerate(game.shares.tolist()):
        true = everywhere([game.truths[:, :, prompt].sum(1)], len(deal.columns))
        rows = bring(game.terms(deal.rows, prompt), game.excess(deal.rows, prompt))
        columns = bring(game.based(deal.columns, prompt), true, game.excess(deal.columns, prompt))
        add_moments(found, share, deal, game.logs.shape[-1], rows, columns, 1 + len(deal.columns))
    level, total, *utilities = (one[0] for one in deal.restored(found).split(1))
    level.mul_(game.beta)  # less the heights, which cancel in utilities but for one's own
    heights = game.heights()
    welfare = reduce(operator.add, [*utilities, *heights], level)
    order = deal.columns + deal.rows
    for i, excess in zip(order, utilities, strict=True):
        excess.add_(level).add_(heights[i] - others[i])  # in place: fresh memory costs more than the arithmetic
        total.sub_(excess)
    return torch.stack([utilities[order.index(i)] for i in everyone], 1), welfare, total


def _others(game: _Game, player: int) -> Tensor:
    """beta log Z_{-i} less the others' heights: ``[B, A_1, ..., 1, ..., A_p]``."""
    deal = Deal.of(game.sizes, [j for j in range(len(game.told)) if j != player])
    found = deal.zeros(game.logs, 1)
    for prompt, share in enumerate(game.shares.tolist()):
        rows, columns = bring(game.terms(deal.rows, prompt)), bring(game.based(deal.columns, prompt))
        add_moments(found, share, deal, game.logs.shape[-1], rows, columns, 0)
    return deal.restored(found[0]).mul_(game.beta).unsqueeze(1 + player)


def _free(game: _Game) -> tuple[Tensor, Tensor, Tensor]:
    """u_i = E[t_i]; what the players report together is a sum by column and a sum by row."""
    deal = Deal.of(game.sizes, range(len(game.told)))
    found = deal.zeros(game.logs, 3 + len(game.told))
    for prompt, share in enumerate(game.shares.tolist()):
        true = everywhere(game.truths[:, :, prompt].unbind(1), len(deal.columns))
        rows = bring(game.terms(deal.rows, prompt), game.together(deal.rows, prompt))
        columns = bring(game.based(deal.columns, prompt), game.together(deal.columns, prompt), true)
        add_moments(found, share, deal, game.logs.shape[-1], rows, columns, 1 + len(game.told))
    level, by_column, *expected, by_row = deal.restored(found)
    utilities = torch.stack(expected, 1)
    welfare = reduce(operator.add, game.heights(), utilities.sum(1).add_(level, alpha=game.beta))
    return utilities, welfare - by_column - by_row, torch.zeros_like(welfare)
