"""Fine-tuning a language model: what every way of training adapters on candidate responses has in common."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from mechanisms.divergences.base import Divergence
from mechanisms.fine_tuners.base import divergence_from
from mechanisms.fine_tuners.exact import Exact
from mechanisms.fine_tuners.training.climb import Losses, Watch, climb
from mechanisms.fine_tuners.training.recalled import Keeper, Key, Recalled, Rows, keys_of, name_of
from mechanisms.fine_tuners.training.settings import Settings
from mechanisms.fine_tuners.training.task import Task
from mechanisms.fine_tuners.welfare import Welfare
from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.candidate_law import CandidateLaw, candidate_law
from mechanisms.reference import Reference
from mechanisms.valuation import Profile

# Numbers that one pass may keep for the way back: half a gigabyte of float64 on a CPU, which gains nothing from larger
# stacks, and eight gigabytes of float32 on a GPU, which does.
MOST_NUMBERS = {"cpu": 2**26, "cuda": 2**31}
POLICIES = "policies"


@dataclass(frozen=True)
class Trained:
    """Adapters trained by ``losses``; policies over candidate responses as every other fine-tuner gives them.

    Deterministic.  A row's policy depends on its own reward alone, up to the rounding of sums that are taken in
    another order in another stack.
    Its derivative in the reward is that of the optimum at the same policy, d log p = (dS - E_p[dS]) / beta: the change
    that the reweighting p' proportional to p exp((S' - S) / beta) makes.
    """

    divergence: Divergence
    beta: float
    settings: Settings
    losses: Losses
    together: bool = False  # train the n models without somebody in the same stack as the one with everybody
    idle: bool = False  # answer with the reference: does everything fit, before hours of training?
    start: Adapters | None = None  # [B], where the rows of B games start from; None: from the model as it is
    recalled: Recalled = field(default_factory=Recalled, compare=False)
    keeper: Keeper | None = field(default=None, compare=False)
    watch: Watch = field(default=lambda progress: None, compare=False)

    def __post_init__(self) -> None:
        if self.divergence.name != "kl":
            raise ValueError(f"{self.settings.name}: divergence is {self.divergence.name}; allowed is kl")
        if not self.beta > 0:
            raise ValueError(f"beta is {self.beta}; it must be above 0 (only the fine-tuner menu allows 0)")

    def __call__(self, reference: Reference, reward: Tensor) -> Tensor:
        policy = self.checkpoints(reference, reward)[-1]
        if not reward.requires_grad:
            return policy
        return (policy.log() + (reward - reward.detach()) / self.beta).softmax(-1)

    def value(self, reference: Reference, reward: Tensor) -> Tensor:
        """The objective attained, not the maximum; its derivative is the policy itself (Danskin)."""
        policy = self(reference, reward.detach())
        return reference.expectation(policy, reward) - self.beta * divergence_from(self, reference, policy)

    def gap(self, reference: Reference, reward: Tensor) -> Tensor:
        best = Exact(self.divergence, self.beta).value(reference, reward)
        return (best - self.value(reference, reward)).clamp(min=0)

    def concave(self, reference: Reference, reports: Profile, welfare: Welfare) -> Tensor:
        """Raises ValueError: the welfare of expected rewards has no reward to climb."""
        given = self.settings.name
        raise ValueError(f"fine_tuner is {given}; allowed for {welfare.name} welfare are exact, menu and replies")

    def anchor(self, reference: Reference) -> Reference:
        return reference

    def stopped(self, fraction: float) -> Trained:
        """The same training, given up after ceil(fraction * steps) steps."""
        return replace(self, settings=self.settings.stopped(fraction))

    def checkpoints(self, reference: Reference, reward: Tensor) -> Tensor:
        """Policies along the training ``[C, ..., P, K]``, the last one its answer."""
        shape = np.broadcast_shapes(reference.policy.shape, reward.shape)
        if self.idle:
            self.law(reference)  # which reads the candidates, or says why it cannot
            return reference.policy.expand(1, *shape)
        policies = self._left(reference, reward)[POLICIES].to(reference.policy)
        return policies.movedim(1, 0).reshape(-1, *shape)

    def adapters(self, reference: Reference, reward: Tensor) -> Adapters:
        """What was trained for every row of ``[..., P, K]``, rows in one axis: ``[R]`` adapters."""
        left = self._left(reference, reward)
        return Adapters.from_named({name: value.to(reward.device) for name, value in left.items()})

    def law(self, reference: Reference) -> CandidateLaw:
        """The law of the candidates under any adapters."""
        settings, device = self.settings, str(reference.policy.device)
        return candidate_law(settings.model, reference, settings.layers, settings.temperature, device)

    def train_at_once(self, reference: Reference, *rewards: Tensor) -> None:
        """Everything in one stack, so that it is found when it is asked for."""
        if self.idle:
            return
        tables = [_rows(reference, reward) for reward in rewards]
        laws, centred = (torch.cat([table[part] for table in tables]) for part in (0, 1))
        self._train(reference, laws, centred)

    def _left(self, reference: Reference, reward: Tensor) -> Rows:
        laws, rewards = _rows(reference, reward)
        left = self.recalled.stacked(self._train(reference, laws, rewards))
        self.recalled.forget()
        return left

    def _train(self, reference: Reference, laws: Tensor, rewards: Tensor) -> list[Key]:
        """Trains what is not recalled, rows ``[R, P, K]`` that are equal once; the keys of all."""
        about = (self.settings, self.beta, reference.responses, reference.prompt_weights.tolist())
        starts, games = self._starts(len(rewards))
        keys = keys_of(repr(about), laws, rewards, *starts)
        fresh = list({key: row for row, key in enumerate(keys) if key not in self.recalled}.values())
        law = self.law(reference) if fresh else None
        size = stack_size(law) if law else 1
        for some in (fresh[at : at + size] for at in range(0, len(fresh), size)):
            assert law is not None
            task = Task(reference, laws[some].log(), rewards[some], self.beta)
            names = [keys[row] for row in some]
            self.recalled.keep(names, self._stack(law, task, games[some], name_of(names)))
        return keys

    def _starts(self, rows: int) -> tuple[list[Tensor], Tensor]:
        """Where rows start from, as tables for their keys, and the game that each is of."""
        if self.start is None:
            return [], torch.zeros(rows, dtype=torch.int64)
        games = torch.arange(rows) % self.start.count  # games are the last of the batch axes
        return [value[games] for value in self.start.parameters()], games

    def _stack(self, law: CandidateLaw, task: Task, games: Tensor, name: str) -> Rows:
        found = None if self.keeper is None else self.keeper.find(name)
        if found is None:
            settings = self.settings
            start = self.start.of(games) if self.start else law.fresh(len(games), settings.rank, settings.seed)
            policies, adapters = climb(law, task, settings, self.losses, start, self.watch)
            found = {POLICIES: policies, **adapters.named()}
            if self.keeper is not None:
                self.keeper.keep(name, found)
        return found


def stack_size(law: CandidateLaw) -> int:
    """How many adapters one pass has room for."""
    return max(1, MOST_NUMBERS.get(law.base.device.type, MOST_NUMBERS["cpu"]) // law.footprint)


def _rows(reference: Reference, reward: Tensor) -> tuple[Tensor, Tensor]:
    """Reference laws and rewards ``[R, P, K]``; rewards less what the reference has, since a constant is nothing."""
    shape = np.broadcast_shapes(reference.policy.shape, reward.shape)
    laws, rewards = (each.detach().expand(shape).reshape(-1, *shape[-2:]) for each in (reference.policy, reward))
    return laws, torch.where(laws > 0, rewards - (laws * rewards).sum(-1, keepdim=True), 0.0)
