"""The market as a Mesa model: one step is one round, played by B replicates at once.

The model's agents are the agents of the scenario.  Those who follow the same strategy form a population, an AgentSet
that reports and learns as one batch of tensors, so that a step costs a few tensor operations however many agents
and replicates there are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import mesa
import torch
from torch import Tensor

from mechanisms.base import utility
from mechanisms.deviation import deviation_utilities
from mechanisms.valuation import Valuation
from simulate.exploitability import Hindsight, affordable, gains, looked_back, measured_rounds, structured_lies
from simulate.history import History, Round
from simulate.honesty import honesty
from simulate.measures import agent_measures, outcome_measures
from simulate.nearest_equilibrium import equilibria_of, equilibrium_distance
from simulate.report_paths import report_paths
from simulate.scenario import Scenario
from simulate.wander import relative_to, walk_of
from strategies.base import INFORMATION, Announced, Memory, Observation, Strategy
from strategies.streams import Streams
from strategies.truthful import Truthful

FEEDBACK_STREAM = 2**31 + 2  # of each replicate, beside its agents' streams and those of simulate/draws.py


class MarketAgent(mesa.Agent):
    """One agent; its numbers are those of the last round, means over replicates."""

    def __init__(self, model: Market, index: int, name: str, strategy: Strategy) -> None:
        super().__init__(model)
        self.index, self.name, self.strategy = index, name, strategy

    def _last(self, column: str) -> float:
        history = self.model.history
        return float(history.rounds[column][-1][:, self.index].mean()) if len(history) else float("nan")

    @property
    def utility(self) -> float:
        """True utility."""
        return self._last("utility")

    @property
    def payment(self) -> float:
        """What it paid."""
        return self._last("payment")

    @property
    def report_weight(self) -> float:
        """The weight it reported."""
        return self._last("report_weight")

    @property
    def report_distance(self) -> float:
        """How far its report was from the truth."""
        return self._last("report_distance")


@dataclass(frozen=True)
class Population:
    """The agents who follow one strategy."""

    strategy: Strategy
    agents: Tensor  # [m]
    truth: Valuation  # [B, m, P, K]
    rng: Streams
    memory: Memory

    @property
    def honest(self) -> bool:
        """Truthful agents need neither projection nor counterfactuals."""
        return isinstance(self.strategy, Truthful)


class Market(mesa.Model):
    """``Market(scenario, seed).step()`` plays a round; `history` has what happened, as tidy frames."""

    def __init__(self, scenario: Scenario, seed: int | None = None) -> None:
        seed = scenario.config.seed if seed is None else seed
        super().__init__(rng=seed)
        self.scenario, self.reference, self.truth = scenario, scenario.reference, scenario.truth
        self.history = History(scenario.names, scenario.replicates)
        size = scenario.config.replicates, scenario.config.rounds
        self._paths = report_paths(scenario.truth, scenario.names, scenario.replicates, *size)
        self.last: Round | None = None
        n = len(scenario.names)
        MarketAgent.create_agents(self, n, list(range(n)), list(scenario.names), list(scenario.strategies))
        self.populations = [
            self._population(strategy, [agent.index for agent in members], seed)
            for strategy, members in self.agents.groupby("strategy", result_type="list")
        ]
        self._feedback = Streams(seed, scenario.replicates, [FEEDBACK_STREAM], scenario.truth.weights.device)
        self._walk = walk_of(scenario.wander, seed, scenario.replicates)
        most = scenario.config.exploitability if affordable(self.truth) else 0
        self._measured = measured_rounds(scenario.config.rounds, most)
        self._hindsight: Hindsight | None = None
        self._equilibria = equilibria_of(scenario) if self._measured else None
        repeated = scenario.mechanism.repeated
        self.state = repeated.init(self.reference, n, len(scenario.replicates)) if repeated else None
        self._settle()

    def _settle(self) -> None:
        """What is fixed before a round's reports arrive: the mechanism in force, and what honesty would bring."""
        mechanism = self.scenario.mechanism
        self.mechanism = mechanism.repeated.current(self.state, mechanism) if mechanism.repeated else mechanism
        self._honest = honesty(self.mechanism, self.reference, self.truth)

    def _population(self, strategy: Strategy, indices: list[int], seed: int) -> Population:
        scenario = self.scenario
        device = scenario.truth.weights.device
        agents = torch.tensor(indices, device=device)
        rng = Streams(seed, scenario.replicates, indices, device)
        truth = self._truth_of(agents)
        return Population(strategy, agents, truth, rng, strategy.init(truth, scenario.messages, rng))

    def _truth_of(self, agents: Tensor) -> Valuation:
        return self.truth if len(agents) == self.truth.weights.shape[-1] else self.truth.of(agents)

    def step(self) -> None:
        """Report, train, pay, observe, learn; and what changes between rounds, changes."""
        played = self._played()
        self.history.paths = self._paths = self._paths.followed(len(self.history), played.reports, played.truth)
        self.history.add(
            agent_measures(played, self._honest),
            outcome_measures(played, self.mechanism.train, self._honest, self.scenario.samples),
        )
        self.populations = [self._learned(population, played) for population in self.populations]
        self.last = played
        self._move_on(played)

    def _played(self) -> Round:
        reports = self._reports()
        outcome = self.mechanism(self.reference, reports)
        utilities = utility(self.reference, self.truth, outcome)
        gain = self._utility_gain(reports, utilities)
        played = Round(self.reference, self.truth, reports, outcome, utilities, gain)
        return self._exploited(played) if len(self.history) in self._measured else played

    def _exploited(self, played: Round) -> Round:
        lies = structured_lies(self.truth, self.scenario.messages)
        found = gains(self.mechanism, self.reference, self.truth, played.reports, played.utilities, lies)
        self._hindsight = looked_back(self._hindsight, found, len(self.history) + 1)
        near = self._equilibria
        away = None if near is None else equilibrium_distance(near, self.truth, played.reports)
        return replace(played, lie_gains=found, regret=self._hindsight.regret, equilibrium_distance=away)

    def _move_on(self, played: Round) -> None:
        """What the next round starts from."""
        repeated, drift = self.scenario.mechanism.repeated, self.scenario.config.drift
        if repeated:
            self.state = repeated.update(self.state, self.mechanism, self.reference, played.reports, self._uniform)
        if drift:
            self.reference = replace(self.reference, policy=played.outcome.policy)
        if self._walk is not None:
            self.truth = self._walk.moved(self.truth, self.scenario.messages)
            self.populations = [self._wandered(population) for population in self.populations]
        if repeated or drift or self._walk is not None:
            self._settle()

    def _wandered(self, population: Population) -> Population:
        truth = self._truth_of(population.agents)
        memory = relative_to(truth, population.strategy, self.scenario.messages, population.memory)
        return replace(population, truth=truth, memory=memory)

    def _uniform(self, count: int) -> Tensor:
        return self._feedback.uniform(count)[:, 0]

    def _reports(self) -> Valuation:
        """Everybody's report, projected on the message space: ``[B, n, P, K]``."""
        liars = [population for population in self.populations if not population.honest]
        if not liars:
            return self.truth
        rewards, weights = self.truth.rewards.clone(), self.truth.weights.clone()
        for population in liars:
            said = population.strategy.report(population.truth, population.memory, population.rng)
            allowed = self.scenario.messages.project(said)
            rewards[:, population.agents] = allowed.rewards
            weights[:, population.agents] = allowed.weights
        return Valuation(rewards, weights)

    def _utility_gain(self, reports: Valuation, utilities: Tensor) -> Tensor:
        gain = torch.zeros_like(utilities)
        for population in self.populations:
            if not population.honest:
                truth = Valuation(population.truth.rewards[None], population.truth.weights[None])
                honest = self._counterfactual(population, reports, truth)[0]
                gain[:, population.agents] = utilities[:, population.agents] - honest
        return gain

    def _counterfactual(self, population: Population, reports: Valuation, lies: Valuation) -> Tensor:
        """Lies ``[M, B, m, P, K]`` -> the utilities ``[M, B, m]`` they would bring, the others' reports fixed."""
        front = Valuation(lies.rewards.movedim(2, 1), lies.weights.movedim(2, 1))
        reached = deviation_utilities(self.mechanism, self.reference, self.truth, reports, population.agents, front)
        return reached.movedim(1, 2)

    def _learned(self, population: Population, played: Round) -> Population:
        memory = population.strategy.update(
            population.truth, population.memory, self._observation(population, played), population.rng
        )
        return replace(population, memory=memory)

    def _observation(self, population: Population, played: Round) -> Observation:
        level = INFORMATION.index(self.scenario.config.information)
        return Observation(
            report=played.reports.of(population.agents) if not population.honest else population.truth,
            utility=played.utilities[:, population.agents],
            policy=played.outcome.policy if level >= 1 else None,
            counterfactual=self._oracle(population, played) if level >= 1 else None,
            others=_others(played.reports, population.agents) if level >= 2 and not population.honest else None,
            messages=self.scenario.messages,
            market=self._announced(population, played) if level >= 2 else None,
        )

    def _announced(self, population: Population, played: Round) -> Announced:
        mechanism, reference = self.mechanism, played.reference
        return Announced(played.reports, population.agents, lambda reports: mechanism(reference, reports), reference)

    def _oracle(self, population: Population, played: Round) -> Any:
        return lambda lies: self._counterfactual(population, played.reports, lies)


def _others(reports: Valuation, agents: Tensor) -> Valuation:
    """The mean of the other agents' reported rewards, and the sum of their weights: ``[B, m, P, K]``, ``[B, m]``."""
    n = reports.weights.shape[-1]
    own = reports.of(agents)
    rewards = (reports.rewards.sum(1, keepdim=True) - own.rewards) / max(n - 1, 1)
    return Valuation(rewards, reports.weights.sum(1, keepdim=True) - own.weights)
