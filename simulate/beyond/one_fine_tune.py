"""Payments from the one fine-tune that is deployed, beside both heuristics and full leave-one-out training.

Under KL the model without i is the model with everybody, reweighted by exp(-w_i r_i / beta), so that
p_i = w_i E_p[r_i] + beta log E_p[exp(-w_i r_i / beta)] needs no second run: `mechanisms/payments/cumulant.py`.  What it
needs is samples that know what i's absence would do; effective samples count them, and too few are refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from mechanisms.divergences import DIVERGENCES
from mechanisms.fine_tuners.exact import Exact
from mechanisms.payments.affine_maximizer import affine_maximizer
from mechanisms.payments.cumulant import cumulant
from mechanisms.sampled.policy import SampledPolicy
from mechanisms.sampled.quantities import payments as payments_of
from mechanisms.sampled.thin import ENOUGH, effective_samples
from mechanisms.training_rules.social_welfare import SocialWelfare
from mechanisms.valuation import Valuation
from simulate.beyond.base import Experiment, Found, Point, counted, curve, ratio
from simulate.beyond.games import SETTING, Games, drawn, welfare_mechanism
from simulate.beyond.heuristics import BETA, CHECKPOINTS, RATE, STEPS, WAYS, WHOLE, Way, payments
from simulate.draws import stream
from simulate.statistics import RESAMPLES

SAMPLES = (50, 200, 800, 3200, 12800)
BETAS = (0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
BUDGET = 800  # samples, where beta varies
SAMPLE_STREAM = 2**31 + 16  # of each game, and of each model in it
ONE, LEAVE_ONE_OUT = "one fine-tune", "leave-one-out"
BY_SAMPLES, BY_COMPUTE = "payment error by samples", "payment error by compute"
POWER = "power of samples as which the error falls"
REFUSED, SHARE = "games refused", "effective samples"
COVERED, OFF = "intervals that cover", "payment error by beta"
STATED, THIN = "stated", "refused"


def measure(seed: int, games: int) -> list[Point]:
    """Error against samples, against compute, and where samples are too few to state a payment."""
    played = drawn(seed, games)
    return [*_by_samples(played), *_by_compute(played), *_by_beta(played)]


def trained(beta: float) -> SocialWelfare:
    """Training to the end."""
    return SocialWelfare(Exact(DIVERGENCES["kl"](), beta))


def exact_payments(games: Games, beta: float) -> Tensor:
    """The affine maximizer's, by full leave-one-out training to the end: ``[B, n]``."""
    mechanism = welfare_mechanism(Exact(DIVERGENCES["kl"](), beta), affine_maximizer)
    return mechanism(games.reference, games.truth).payments


def sampled(games: Games, policy: Tensor, size: int, model: int = 0) -> SampledPolicy:
    """``size`` responses from ``policy [B, 1, K]``, every game from its own stream; more begin with the same ones."""
    uniform = np.stack([stream(games.seed, g, SAMPLE_STREAM, model).random(size) for g in range(len(policy))])
    law = policy.cumsum(-1)[:, 0]
    place = torch.searchsorted(law, torch.from_numpy(uniform), right=True).clamp(max=policy.shape[-1] - 1)[:, None]
    rewards = games.truth.rewards.gather(-1, place[:, None].expand(-1, games.truth.rewards.shape[1], -1, -1))
    logs = policy.log().gather(-1, place)
    return SampledPolicy(rewards, logs, games.reference.log.gather(-1, place), games.reference.prompt_weights)


def from_one_fine_tune(games: Games, beta: float, size: int) -> Tensor:
    """`cumulant` on the samples' empirical law: ``[B, n]``."""
    train = trained(beta)
    drawn_from = sampled(games, train(games.reference, games.truth), size)
    law = drawn_from.reference()
    return cumulant(train, law, Valuation(drawn_from.rewards, games.truth.weights), law.policy)


def from_leave_one_out(games: Games, beta: float, size: int) -> Tensor:
    """n + 1 models, ``size`` responses from each; the objectives without i are means over them: ``[B, n]``.

    E[S_-i - beta log(p / reference)] under the model without i, minus the same under the model with everybody.
    """
    train, others = trained(beta), games.truth.others()
    deployed = train(games.reference, games.truth)
    total, without = sampled(games, deployed, size), train(games.reference, others)
    worth = total.total(games.truth.weights) - beta * total.log_ratio  # [B, 1, S]
    own = games.truth.weights[..., None, None] * total.rewards  # [B, n, 1, S]
    found = []
    for i, model in enumerate(without):
        apart = sampled(games, model, size, 1 + i)
        kept = games.truth.weights.clone()
        kept[:, i] = 0
        best = (apart.total(kept) - beta * apart.log_ratio).mean(-1)
        found.append((best - (worth - own[:, i]).mean(-1))[:, 0])
    return torch.stack(found, -1)


def _off(paid: Tensor, exact: Tensor) -> Tensor:
    """Mean |payment - exact| over groups: ``[B]``."""
    return (paid - exact).abs().mean(-1)


def _error(paid: Tensor, exact: Tensor) -> Tensor:
    """The same as a share of the mean exact payment: ``[B]``."""
    return ratio(_off(paid, exact), exact.mean(-1))


def _by_samples(games: Games) -> list[Point]:
    exact = exact_payments(games, BETA)
    points: list[Point] = []
    for name, way in ((ONE, from_one_fine_tune), (LEAVE_ONE_OUT, from_leave_one_out)):
        paid = [way(games, BETA, size) for size in SAMPLES]
        points += curve(BY_SAMPLES, name, SAMPLES, [_error(each, exact) for each in paid], "measured")
        points.append(power(name, [_off(each, exact) for each in paid]))
    for name in (CHECKPOINTS, "early-stopped, 1/8"):
        floor = _error(payments(games, WHOLE, WAYS[name].pay), exact)
        points += curve(BY_SAMPLES, f"{name} (no sampling)", SAMPLES[:: len(SAMPLES) - 1], [floor] * 2, "exact")
    return points


def _by_compute(games: Games) -> list[Point]:
    exact, ways = exact_payments(games, BETA), {ONE: Way(cumulant, 0), **WAYS}
    points: list[Point] = []
    for name, way in ways.items():
        errors = [_error(payments(games, steps, way.pay), exact) for steps in STEPS]
        points += curve(BY_COMPUTE, name, [way.compute(steps) for steps in STEPS], errors, "exact")
    return points


def _by_beta(games: Games) -> list[Point]:
    """Where payments are refused; their error and what their intervals cover, where they are stated and where not."""
    refused, fewest = [], []
    told: dict[tuple[str, str], list[Tensor]] = {}
    for beta in BETAS:
        drawn_from = sampled(games, trained(beta)(games.reference, games.truth), BUDGET)
        fewest.append(effective_samples(drawn_from, games.truth.weights, beta).amin(-1))
        thin = fewest[-1] < ENOUGH
        refused.append(thin.double())
        found, exact = payments_of(drawn_from, games.truth.weights, beta, games.seed), exact_payments(games, beta)
        inside = ((found.low <= exact) & (exact <= found.high)).double().mean(-1)
        off = (found.value - exact).abs().mean(-1) / exact.mean()
        for quantity, values in ((COVERED, inside), (OFF, off)):
            for series, kept in ((STATED, ~thin), (THIN, thin)):
                told.setdefault((quantity, series), []).append(torch.where(kept, values, torch.nan))
    points = curve(REFUSED, ONE, BETAS, refused, "measured", counted)
    points += curve(SHARE, ONE, BETAS, fewest, "measured")
    return points + [point for key, values in told.items() for point in curve(*key, BETAS, values, "measured")]


def power(series: str, errors: Sequence[Tensor]) -> Point:
    """Of samples, as which mean errors ``[B]`` fall: the least-squares slope of logarithms, games resampled whole.

    -1/2 where errors fall as one over the root of the samples.
    """
    table = torch.stack(list(errors), -1).numpy()  # [B, m]
    picked = np.random.default_rng(0).integers(len(table), size=(RESAMPLES, len(table)))
    means = np.log(np.concatenate([table.mean(0)[None], table[picked].mean(1)]))
    found = np.polyfit(np.log(SAMPLES), means.T, 1)[0]
    low, high = np.quantile(found[1:], [0.025, 0.975])
    return Point(POWER, series, SAMPLES[-1], float(found[0]), float(low), float(high), len(table), "measured")


def said(found: Found) -> tuple[str, ...]:
    """What a researcher would quote."""
    return (
        f"Payments from one fine-tune are off by {found.at(BY_SAMPLES, ONE, 800)} of a mean payment at 800 samples "
        f"(leave-one-out on samples: {found.at(BY_SAMPLES, LEAVE_ONE_OUT, 800)}), and the error falls as samples to "
        f"the power {found.at(POWER, ONE, SAMPLES[-1])}; checkpoints stay off by "
        f"{found.at(BY_SAMPLES, f'{CHECKPOINTS} (no sampling)', 50)} at any number (n = {found.games} games, 95 % "
        "intervals over games).",
        f"At beta {BETA:g}, {found.at(REFUSED, ONE, BETA)} of the games are refused at {BUDGET} samples (fewer than "
        f"{ENOUGH} effective ones), at beta {BETAS[0]:g} {found.at(REFUSED, ONE, BETAS[0])}; 95 % intervals cover "
        f"{found.at(COVERED, STATED, BETA)} where they are stated and {found.at(COVERED, THIN, BETAS[0])} where they "
        f"are refused (at beta {BETAS[0]:g}).",
    )


ONE_FINE_TUNE = Experiment(
    "How good are payments from the one fine-tune that is deployed, for how many samples and how much training?",
    f"{SETTING}; KL with beta {BETA:g} where it does not vary, mirror ascent at rate {RATE:g}, {WHOLE} steps for a "
    "whole fine-tune",
    measure,
    said,
    200,
)
