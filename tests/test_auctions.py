"""Auction prices are Myerson's payments, by quadrature and by simulation."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from mechanisms import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.segment_auction import segment_auction
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from tests.billing import LinearPool, market, paid, rule_for


@pytest.mark.parametrize("bid", [0.3, 1.0, 5.0])
def test_token_auction_is_the_myerson_payment_of_a_linear_pool(bid: float) -> None:
    reference, truth = market(3, 5, 1)
    train = rule_for("token_auction", 0.3)
    others = torch.tensor([0.7, 1.6], dtype=torch.float64)

    def reports(b: float) -> Valuation:
        return Valuation(truth.rewards[0], torch.cat([others.new_tensor([b]), others]))

    tuned = train.fine_tuner(reference, truth.rewards[0])
    rest = (others[:, None, None] * tuned[1:]).sum(0) / others.sum()

    def moved(b: float) -> float:  # by how much the pool comes nearer to what the agent wants
        def apart(policy: torch.Tensor) -> float:
            return (tuned[0] - policy).abs().sum().item() / 2

        return apart(rest) - apart(train(reference, reports(b)))

    price = paid(train, "token_auction", reference, reports(bid))[0].item()
    assert price == pytest.approx(bid * moved(bid) - quad(moved, 0, bid)[0], abs=1e-9)
    best = minimize_scalar(
        lambda b: paid(train, "token_auction", reference, reports(b))[0].item() - bid * moved(b),
        bounds=(0, 10),
        method="bounded",
        options={"xatol": 1e-6},
    )
    assert best.x == pytest.approx(bid, abs=1e-3)


def test_token_auctions_price_is_that_of_its_draws() -> None:
    """The mechanism itself, drawn a million times (arXiv 2310.10826): critical bids under stable sampling."""
    rng = np.random.default_rng(0)
    mine, rest = np.array([0.5, 0.3, 0.15, 0.05]), np.array([0.1, 0.2, 0.3, 0.4])
    bid, others, draws = 1.4, 0.9, 1_000_000
    token, r = rng.choice(4, draws, p=rest), rng.random(draws)
    short = mine[token] < rest[token]
    critical = np.divide(1 - r, 1 - mine[token] / rest[token], out=np.full(draws, np.inf), where=short)
    wins = bid / (bid + others) >= critical
    simulated = np.where(wins, others * critical / (1 - np.where(wins, critical, 0)), 0.0).mean()
    tuner = Exact(DIVERGENCES["kl"](), 1.0)
    rewards = torch.from_numpy(np.stack([np.log(mine), np.log(rest)]))[:, None]  # tuned to their own exponentials
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    reports = Valuation(rewards, torch.tensor([bid, others], dtype=torch.float64))
    assert paid(LinearPool(tuner), "token_auction", reference, reports)[0].item() == pytest.approx(simulated, abs=3e-3)


@pytest.mark.parametrize("bid", [0.3, 1.0, 5.0])
def test_segment_auction_is_the_myerson_payment_of_a_proportional_share(bid: float) -> None:
    q, others = torch.tensor([0.6, 1.5, 0.8]).double(), torch.tensor([0.7, 1.6]).double()
    rest = (others * q[1:]).sum().item()
    reference, truth = market(3, 4, 1)
    train = rule_for("segment_auction", 1.0)

    def share(b: float) -> float:
        return b * 0.6 / (b * 0.6 + rest)

    def price(b: float) -> float:
        reports = Valuation(truth.rewards[0], torch.cat([others.new_tensor([b]), others]))
        policy = train(reference, reports)
        return segment_auction(train, reference, reports, policy, relevance=q.float().double())[0].item()

    assert price(bid) == pytest.approx(bid * share(bid) - quad(share, 0, bid)[0], abs=1e-7)
    options = {"xatol": 1e-6}
    best = minimize_scalar(lambda b: price(b) - bid * share(b), bounds=(0, 10), method="bounded", options=options)
    assert best.x == pytest.approx(bid, abs=1e-3)


@pytest.mark.parametrize("payment", ["token_auction", "segment_auction"])
def test_who_bids_alone_or_not_at_all_pays_nothing(payment: str) -> None:
    reference, truth = market(3, 4, 1)
    reports = Valuation(truth.rewards[0], torch.tensor([2.0, 0.0, 0.0], dtype=torch.float64))
    assert torch.equal(paid(rule_for(payment, 1.0), payment, reference, reports), torch.zeros(3).double())
