"""From what was asked to a game, its equilibria, and what is shown of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from mechanisms.valuation import Valuation
from reports.cli.options import progress
from reports.drawing import svg
from reports.figures.payoff_heat_map import heat_map
from reports.figures.phase_portrait import portrait
from reports.numbers import number
from reports.tables.equilibria import equilibria_table, led_table, types_table
from simulate.config import Config
from simulate.dynamics import DYNAMICS
from simulate.empirical.mean_field import MeanField
from simulate.empirical.menus import menus
from simulate.empirical.normal_form import NormalForm
from simulate.empirical.payoffs_file import write_game
from simulate.empirical.report_game import PLAYERS, report_game
from simulate.empirical.sampled import Sampled
from simulate.empirical.types import symmetric_game, types_of
from simulate.empirical.whole_games import games_to_play, whole_games
from simulate.engines.base import Engine
from simulate.equilibria.leads import leads, led_document
from simulate.equilibria.nash import nash
from simulate.equilibria.search.certificate import Market
from simulate.equilibria.search.double_oracle import Grown, double_oracle
from simulate.equilibria.solve import document, objective, require_known, solved, types_document
from simulate.equilibria.symmetric_nash import SymmetricAnswer, symmetric_nash
from simulate.errors import BadInput, no_such
from simulate.scenario import Scenario, build
from simulate.store import write_json

ROUNDS = 50  # of growing menus, before it says that it stopped


@dataclass(frozen=True)
class Choices:
    """What was asked for."""

    concepts: Sequence[str]
    menus: Sequence[str]
    strategies: Sequence[str] | None
    players: Sequence[str] | None
    grow: float | None
    dynamic: str | None
    objective: str | None
    options: dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What `trueward equilibrium` prints or writes."""

    document: dict[str, Any]
    shown: list[RenderableType]
    game: NormalForm | None = None

    def write(self, folder: Path) -> None:
        """The answer, the game as files that this command and others read, and two players' payoffs and phases."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            write_json(folder / "equilibrium.json", self.document)
            if self.game is not None:
                write_game(folder / "game.json", self.game)
                write_game(folder / "game.nfg", self.game)
            if self.game is not None and min(self.game.sizes) > 1 < self.game.n:
                (folder / "payoffs.svg").write_bytes(svg(heat_map(self.game)))
                (folder / "phase.svg").write_bytes(svg(portrait(self.game)))
        except OSError as error:
            raise BadInput(f"--out {str(folder)!r}: {error.strerror or error}") from None


def settled(config: Config | None, game: NormalForm | None, name: str, choices: Choices, engine: Engine) -> Found:
    """Solve ``game``, called ``name``, or make the one of a scenario and solve that; and say so.  Raises BadInput."""
    require_known(choices.concepts, choices.options)
    if choices.dynamic is not None and choices.dynamic not in DYNAMICS:
        raise no_such("dynamic", choices.dynamic, DYNAMICS)
    if config is None:
        assert game is not None
        return _answered(name, game, choices)
    try:
        return _of_scenario(config, choices, engine)
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"{config.name}: {error}") from None


def _of_scenario(config: Config, choices: Choices, engine: Engine) -> Found:
    if choices.strategies is not None:
        return _played_out(config, choices, engine)
    scenario = build(config, config.name)
    if len(scenario.names) > PLAYERS[1] and choices.players is None:
        return _of_types(scenario, choices)
    if choices.grow is not None:
        return _grown(scenario, choices, choices.grow)
    samples = report_game(scenario, choices.menus, _indices(scenario, choices.players))
    title = f"{config.name}: reports from {', '.join(choices.menus)}"
    return _answered(title, samples.game(), choices, samples if len(samples.payoffs) > 1 else None)


def _indices(scenario: Scenario, players: Sequence[str] | None) -> list[int] | None:
    if players is None:
        return None
    for name in players:
        if name not in scenario.names:
            raise no_such("player", name, scenario.names)
    return [scenario.names.index(name) for name in dict.fromkeys(players)]


def _answered(title: str, game: NormalForm, choices: Choices, samples: Sampled | None = None) -> Found:
    options = dict(choices.options)
    if choices.objective is not None:
        options["objective"] = objective(game, choices.objective)
    answers = solved(game, choices.concepts, options)
    said = document(game, answers)
    shown: list[RenderableType] = [equilibria_table(title, game, answers, samples), *_stops(said), _prices(said)]
    if samples is not None:
        for row, found in zip(said["equilibria"], (e for a in answers.values() for e in a.equilibria), strict=True):
            if found.profile is not None:
                row["regret_intervals"] = samples.regret_intervals(found.profile).tolist()
    if choices.dynamic is not None:
        led = leads(game, choices.dynamic, int(choices.options.get("seed", 0)))
        said["dynamics"] = led_document(game, choices.dynamic, led)
        shown.append(led_table(game, choices.dynamic, led))
    return Found(said, shown, game)


def _stops(said: dict[str, Any]) -> list[Text]:
    """What a reader must know of the solvers: who stopped early, who found nothing."""
    lines = []
    for name, answer in said["concepts"].items():
        if answer["stopped"]:
            lines.append(Text(f"{name}: {answer['stopped']}"))
        elif not answer["found"]:
            lines.append(Text(f"{name}: there is none" if answer["complete"] else f"{name}: none was found"))
    return lines


def _prices(said: dict[str, Any]) -> Text:
    anarchy, stability = said["price_of_anarchy"], said["price_of_stability"]
    if anarchy is None and stability is None:
        return Text("price of anarchy, price of stability: undefined (welfare is not positive, or nothing was found)")
    return Text(
        f"optimum {number(said['optimum'])}, price of anarchy {number(anarchy)}, price of stability "
        f"{number(stability)}, over the {len(said['equilibria'])} listed"
    )


def _played_out(config: Config, choices: Choices, engine: Engine) -> Found:
    assert choices.strategies is not None
    with progress(f"{config.name}: rounds", config.rounds * games_to_play(config, choices.strategies)) as advance:
        samples = whole_games(config, choices.strategies, None, engine, advance)
    title = f"{config.name}: strategies for {config.rounds} rounds x {config.replicates} replicates"
    return _answered(title, samples.game(), choices, samples)


def _grown(scenario: Scenario, choices: Choices, epsilon: float) -> Found:
    if choices.players is not None:
        raise BadInput("--grow: everybody plays; --players does not apply")
    truth = Valuation(scenario.truth.rewards[:1], scenario.truth.weights[:1])
    first = [menu.only(0) for menu in menus(truth, scenario.messages, choices.menus)]
    market = Market(scenario.mechanism, scenario.reference, truth.only(0), scenario.messages)
    limits = {key: value for key, value in choices.options.items() if key in ("seconds", "seed")}
    seed = int(choices.options.get("seed", 0))
    with progress(f"{scenario.config.name}: rounds of new reports", ROUNDS) as advance:
        found = double_oracle(
            market, [menu.reports for menu in first], tuple(menu.labels for menu in first), scenario.names,
            partial(nash, **limits), epsilon, ROUNDS, seed, advance,
        )  # fmt: skip
    answered = _answered(f"{scenario.config.name}: menus grown by the best reports anywhere", found.game, choices)
    certificate = _certificate(found, epsilon)
    return Found(
        {**answered.document, "certificate": certificate}, [*answered.shown, _certified(certificate)], found.game
    )


def _certificate(found: Grown, epsilon: float) -> dict[str, Any]:
    """Of the equilibrium that growth ended at; ``gains`` are what the best report found anywhere would add."""
    reached = found.equilibrium
    profile = reached.profile if reached is not None else None
    gains = found.certificate.gains.tolist() if found.certificate is not None else None
    return {
        "epsilon": epsilon,
        "gains": gains,
        "tried": found.certificate.tried if found.certificate is not None else 0,
        "rounds": found.rounds,
        "stopped": found.stopped,
        "profile": [mixture.tolist() for mixture in profile] if profile is not None else None,
        "welfare_loss": reached.welfare_loss if reached is not None else None,
    }


def _certified(certificate: dict[str, Any]) -> Text:
    if certificate["stopped"]:
        return Text(certificate["stopped"])
    gain = max(0.0, *certificate["gains"])
    return Text(
        f"after {certificate['rounds']} rounds no report found pays more than {certificate['epsilon']:g} at the "
        f"equilibrium that was grown towards, of welfare loss {number(certificate['welfare_loss'])}: the best of "
        f"{certificate['tried']:,} tried for each agent adds {gain:.2g}"
    )


def _of_types(scenario: Scenario, choices: Choices) -> Found:
    """More agents than a table holds: like ones are counted, and the limit of infinitely many stands beside it."""
    if choices.grow is not None or choices.dynamic is not None:
        raise BadInput(f"{len(scenario.names)} agents: --grow and --dynamics need at most {PLAYERS[1]}, or --players")
    stems = [
        agent.name or f"agent-{i + 1}" for i, agent in enumerate(scenario.config.agents) for _ in range(agent.count)
    ]
    types = types_of(stems, scenario.truth.only(0))
    if len(types.names) > PLAYERS[1]:
        raise BadInput(
            f"{len(scenario.names)} agents of {len(types.names)} types; at most {PLAYERS[1]} types of like agents are "
            "allowed. Name some agents with --players: the others then tell the truth"
        )
    own = Valuation(types.truth.rewards[None], types.truth.weights[None])
    said = [menu.only(0) for menu in menus(own, scenario.messages, choices.menus)]
    parts = (
        scenario.mechanism, scenario.reference, types, [menu.reports for menu in said], [menu.labels for menu in said]
    )  # fmt: skip
    game = symmetric_game(*parts)
    answers = {"symmetric_nash": symmetric_nash(game)}
    try:
        answers["mean_field"] = symmetric_nash(MeanField.of(*parts))
    except ValueError as error:
        answers["mean_field"] = SymmetricAnswer((), str(error))
    title = f"{scenario.config.name}: {len(scenario.names):,} agents of {len(types.names)} types"
    stops = [Text(f"{name}: {answer.stopped}") for name, answer in answers.items() if answer.stopped]
    note = Text(
        "utilities are those of one agent; mean_field is the limit of infinitely many small agents, and its values are "
        "what a report still changes for its sender, in units of reward squared"
    )
    return Found(types_document(game, answers), [types_table(title, game, answers), *stops, note])
