"""Policy gradients on open text: a language model is trained on responses that it has just made up itself.

Nothing is listed beforehand, so nothing is exact: a step is an estimate, and so is whatever is said of the outcome.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from mechanisms.fine_tuners.training.estimators import Estimator
from mechanisms.fine_tuners.training.standing import Standing
from mechanisms.language_models.adapters import Adapters, fresh, last_layers
from mechanisms.language_models.ascent import Schedule
from mechanisms.language_models.candidate_law import trained_in
from mechanisms.language_models.language_model import LanguageModel, Samples, uniforms

Judges = Callable[[Sequence[str]], Tensor]  # texts [N] -> everybody's rewards [n, N]


@dataclass(frozen=True)
class OpenText:
    """The law of responses: prompts, the longest response in tokens, the temperature of every log-probability."""

    model: LanguageModel
    prompts: tuple[str, ...]
    prompt_weights: Tensor  # [P], sums to one
    max_tokens: int
    temperature: float

    def heard(self, prompt: str, count: int, adapters: Adapters | None, *seed: int) -> Heard:
        """``count`` responses of every adapter to the uniforms of ``seed``, with the reference's opinion of them."""
        return self.heard_to([prompt], count, adapters, *seed)[0]

    def heard_to(self, prompts: Sequence[str], count: int, adapters: Adapters | None, *seed: int) -> list[Heard]:
        """`heard` to every prompt."""
        chances = torch.stack([uniforms(prompt, count, self.max_tokens, *seed) for prompt in prompts])
        said = self.model.respond_each(prompts, chances, self.temperature, adapters)
        return [self._judged(prompt, each, adapters, count) for prompt, each in zip(prompts, said, strict=True)]

    def _judged(self, prompt: str, said: Samples, adapters: Adapters | None, count: int) -> Heard:
        log_p = said.log_probabilities
        log_q = log_p if adapters is None else self.log_probabilities(prompt, said, None)
        return Heard(prompt, said, *(each.unflatten(0, (-1, count)) for each in (log_p, log_q)))

    @torch.no_grad()
    def log_probabilities(self, prompt: str, said: Samples, adapters: Adapters | None) -> Tensor:
        """What adapters, or the reference (None), give responses that somebody made: ``[S * b]``, nats."""
        return self.model.log_probabilities(prompt, said.token_ids, said.mask, self.temperature, adapters)

    def fresh(self, count: int, rank: int, layers: int, seed: int) -> Adapters:
        """Adapters of the last ``layers`` blocks (0: of all) that change nothing yet."""
        model = self.model.model
        return fresh(model, count, rank, last_layers(model, layers), seed, trained_in(model))


@dataclass(frozen=True)
class Heard:
    """b responses to a prompt by each of S adapters, drawn from their own policies."""

    prompt: str
    said: Samples  # rows adapter-major, [S * b]
    log_policy: Tensor  # [S, b]
    log_reference: Tensor  # [S, b]

    @property
    def log_ratio(self) -> Tensor:
        """log policy - log reference: ``[S, b]``, nats of a whole response."""
        return self.log_policy - self.log_reference

    @property
    def tokens(self) -> int:
        """Drawn, end signs among them."""
        return int(self.said.mask.sum())


@dataclass(frozen=True)
class Climb:
    """S fine-tunes at once, each of E_pi[sum_i weights_i r_i] - beta KL(pi, reference)."""

    law: OpenText
    judges: Judges
    weights: Tensor  # [S, n]; an agent of weight 0 is not there
    beta: float
    estimator: Estimator
    schedule: Schedule
    samples: int  # b, responses a prompt, adapter and step
    seed: int
    micro_batch: int  # most rows of one pass with gradients; changes memory, not the gradient

    def start(self, rank: int, layers: int) -> Standing:
        """Before the first step."""
        return Standing.at_start(self.law.fresh(len(self.weights), rank, layers, self.seed))

    def advance(self, standing: Standing) -> tuple[Standing, Stride]:
        """One step: everything random in it comes from (seed, step, prompt)."""
        trained = standing.adapters.trainable()
        rewards, ratios, tokens = [], [], 0
        everything = self.law.heard_to(self.law.prompts, self.samples, standing.adapters, self.seed, standing.step)
        for heard, share in zip(everything, self.law.prompt_weights.tolist(), strict=True):
            judged = self.judges(heard.said.texts).to(heard.log_ratio).unflatten(-1, heard.log_ratio.shape)
            self._pull(trained, heard, share * self._slopes(heard, judged))
            rewards.append(judged.mean(-1).T)
            ratios.append(heard.log_ratio.mean(-1))
            tokens += heard.tokens
        mean = self.law.prompt_weights.to(ratios[0])
        reward = torch.einsum("p,psn->sn", mean, torch.stack(rewards))
        return standing.after(trained, self.schedule), Stride(reward, mean @ torch.stack(ratios), tokens)

    def _slopes(self, heard: Heard, rewards: Tensor) -> Tensor:
        """d loss / d log policy of every response, ``[S, b]``; rewards ``[n, S, b]``.

        By the chain rule the loss's gradient is that of sum slopes * log policy, a sum that may be taken in parts.
        """
        log_policy = heard.log_policy.detach().requires_grad_()
        total = torch.einsum("sn,nsb->sb", self.weights.to(rewards), rewards)
        with torch.enable_grad():
            loss = self.estimator.loss(log_policy, log_policy - heard.log_reference, total, self.beta).sum()
        return torch.autograd.grad(loss, log_policy)[0]

    def _pull(self, trained: Adapters, heard: Heard, slopes: Tensor) -> None:
        """Add the gradient of sum slopes * log policy to the adapters', so many rows at a time."""
        stack, said, law = len(slopes), heard.said, self.law
        size = max(1, self.micro_batch // stack)
        parts = (each.unflatten(0, (stack, -1)).split(size, 1) for each in (said.token_ids, said.mask))
        for ids, mask, slope in zip(*parts, slopes.split(size, 1), strict=True):
            rows = (ids.flatten(0, 1), mask.flatten(0, 1))
            with torch.enable_grad():
                log_p = law.model.log_probabilities(heard.prompt, *rows, law.temperature, trained)
                (slope.flatten() * log_p).sum().backward()


@dataclass(frozen=True)
class Stride:
    """What a step saw before it moved: means over its own samples."""

    rewards: Tensor  # [S, n]
    kl: Tensor  # [S], nats; an estimate, and may be negative
    tokens: int
