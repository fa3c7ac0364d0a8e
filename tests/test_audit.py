"""`trueward audit` as a user meets it: the verdicts, and witnesses that anybody can solve."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from mechanisms import AXIOMS, MECHANISMS
from reports.mechanisms_page import mechanisms_page
from simulate.audit.excerpt import AGENTS as AGENTS_KEPT
from simulate.audit.excerpt import PROMPTS, RESPONSES, excerpt
from simulate.audit.matrix import measured
from simulate.load import load
from simulate.scenario import build
from tests.test_cli import trueward

AGENTS = [{"name": name, "rewards": {"random": {}}, "weight": weight} for name, weight in (("a", 1.0), ("b", 2.0))]


def written(folder: Path, mechanism: object, messages: object = "unit_box", **keys: object) -> str:
    game = {
        "reference": [0.15, 0.3, 0.25, 0.3],
        "agents": [*AGENTS, {"name": "c", "rewards": [0.1, 0.7, 0.9, 0.3], "weight": 1.5}],
        "messages": {"rewards": messages, "max_weight": 10.0},
        "mechanism": mechanism,
        "normalise": True,
        "replicates": 3,
        **keys,
    }
    path = folder / "game.json"
    path.write_text(json.dumps(game))
    return str(path)


def audited(folder: Path, mechanism: object, axioms: str, *options: str, **keys: object) -> dict[str, dict]:
    done = trueward("audit", written(folder, mechanism, **keys), "--axioms", axioms, "--json", *options)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["axioms"]


def utilities(folder: Path, game: dict, honest: bool) -> dict[str, float]:
    """What `trueward solve` says, with and without the lies."""
    path = folder / "witness.json"
    told = [{k: v for k, v in agent.items() if not (honest and k == "report")} for agent in game["agents"]]
    path.write_text(json.dumps({**game, "agents": told}))
    done = trueward("solve", str(path), "--json")
    assert done.returncode == 0, done.stderr
    return {agent["name"]: agent["utility"] for agent in json.loads(done.stdout)["agents"]}


LIES = "incentive_compatible,bayes_incentive_compatible,collusion_proof,false_name_proof"
SETTINGS = [
    ("no_payment", "unit_box"),
    ("pay_as_reported", "sum_to_one"),
    ("vcg", "max_one"),
    ("agv", "unit_box"),
    ("median", "free"),
    ("copeland", "sum_to_one"),
    ("sink", "unit_box"),
    ("token_auction", {"basis": [[0.1, 0.9, 0.3, 0.4], [0.8, 0.2, 0.7, 0.1]]}),
]


@pytest.mark.parametrize(("mechanism", "messages"), SETTINGS)
def test_a_witness_is_a_game_in_which_lying_gains_what_is_said(
    mechanism: str, messages: object, tmp_path: Path
) -> None:
    few = ("--games", "4", "--lies", "40", "--set", "mechanism.beta=0.3")
    messages = {"basis": [[row] for row in messages["basis"]]} if isinstance(messages, dict) else messages
    violated = {k: v for k, v in audited(tmp_path, mechanism, LIES, *few, messages=messages).items() if v["witness"]}
    assert violated
    for axiom, verdict in violated.items():
        witness = verdict["witness"]
        lied, honest = (utilities(tmp_path, witness["game"], told) for told in (False, True))
        who = witness.get("agents", [witness["agent"]])
        gain = sum(lied[name] - honest[name] for name in who)
        assert witness["gain"] == verdict["violation"] > 0
        if axiom == "bayes_incentive_compatible":  # a mean over strangers; shown beside those where it gains most
            assert gain >= witness["gain"] - 1e-9
        else:
            assert gain == pytest.approx(witness["gain"], abs=1e-7), axiom


def test_the_json_is_the_contracts(tmp_path: Path) -> None:
    path = written(tmp_path, "vcg")
    answer = json.loads(trueward("audit", path, "--json").stdout)
    assert set(answer) == {"mechanism", "axioms"}
    assert answer["mechanism"] == "vcg"
    assert list(answer["axioms"]) == list(AXIOMS)
    for axiom, verdict in answer["axioms"].items():
        assert set(verdict) == {"claimed", "holds", "violation", "witness", "searched"}
        assert verdict["claimed"] == verdict["holds"], axiom
        assert (verdict["witness"] is None) == verdict["holds"]
        if verdict["witness"] is not None:
            assert {"agent", "gain", "game"} <= set(verdict["witness"])
        assert verdict["searched"]["games"] > 0
    assert trueward("audit", path, "--json").stdout == json.dumps(answer) + "\n"
    assert trueward("audit", path, "--json", "--seed", "5").stdout != json.dumps(answer) + "\n"


@pytest.mark.parametrize(
    "mechanism",
    [
        {"training": {"name": "social_welfare", "influence": [1.0, 2.0, 0.5]}},
        {"training": "opinion_pool", "payment": {"name": "segment_auction", "relevance": [1.0, 2.0, 3.0]}},
    ],
)
def test_where_seats_are_numbered_nobody_takes_part_twice(mechanism: object, tmp_path: Path) -> None:
    assert audited(tmp_path, mechanism, "false_name_proof")["false_name_proof"]["holds"]


def test_integer_weights_never_send_anybody_away(tmp_path: Path) -> None:
    """The sink's truthfulness is among those present; the search may not round a weight down to absence."""
    agents = [{"name": name, "rewards": {"random": {}}, "weight": 1} for name in "abc"]
    found = audited(tmp_path, "sink", TRUTHFUL, "--set", "messages.integer_weights=true", agents=agents)
    assert all(verdict["holds"] for verdict in found.values())


TRUTHFUL = "incentive_compatible,cyclically_monotone,payment_equivalent"


def test_one_agent_has_nobody_to_collude_with(tmp_path: Path) -> None:
    alone = {"agents": [{"name": "a", "rewards": [0.2, 0.9, 0.1, 0.4], "weight": 1}]}
    verdict = audited(tmp_path, "vcg", "collusion_proof", **alone)["collusion_proof"]
    assert verdict["holds"]


def test_witnesses_are_written_and_the_table_names_them(tmp_path: Path) -> None:
    folder = tmp_path / "witnesses"
    done = trueward("audit", written(tmp_path, "median"), "--games", "4", "--witnesses", str(folder))
    assert done.returncode == 0
    assert "violated" in done.stdout
    assert "a cycle of types" in done.stdout
    found = {path.stem for path in folder.iterdir()}
    assert {"incentive_compatible", "cyclically_monotone"} <= found <= set(AXIOMS)
    for path in folder.iterdir():
        assert trueward("solve", str(path)).returncode == 0, path


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--axioms", "incentive_compatibel"], ["incentive_compatibel", "did you mean 'incentive_compatible'"]),
        (["--games", "0"], ["--games"]),
        (["--lies", "0"], ["--lies"]),
        (["--set", "mechanism=vgc"], ["vgc", "did you mean 'vcg'"]),
    ],
)
def test_bad_input_is_one_sentence(options: list[str], words: list[str], tmp_path: Path) -> None:
    done = trueward("audit", written(tmp_path, "vcg"), *options)
    assert done.returncode == 2
    assert done.stdout == ""
    for word in words:
        assert word in " ".join(done.stderr.replace("│", " ").split())


def test_a_file_in_the_way_of_witnesses_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    done = trueward("audit", written(tmp_path, "no_payment"), "--games", "1", "--witnesses", str(tmp_path / "taken"))
    assert done.returncode == 2
    assert "--witnesses" in done.stderr


def test_a_pool_of_real_responses_is_audited() -> None:
    done = trueward("audit", "story_tones", "--json", "--axioms", "incentive_compatible,efficient,no_deficit")
    assert done.returncode == 0, done.stderr
    for verdict in json.loads(done.stdout)["axioms"].values():
        assert verdict["claimed"]
        assert verdict["holds"]
        assert verdict["searched"]["responses"] == PROMPTS * RESPONSES


def test_the_recorded_matrix_agrees_with_the_claims() -> None:
    """Recorded by `make claims`; a mechanism, claim or axiom that changed since makes this fail."""
    matrix = measured()
    assert list(matrix) == list(MECHANISMS)
    for name, row in matrix.items():
        assert list(row) == list(AXIOMS)
        proved = {axiom for axiom, cell in row.items() if cell["status"] == "proved"}
        assert proved == MECHANISMS[name].claims, name
        assert "contradicted" not in {cell["status"] for cell in row.values()}, name


def test_the_page_of_mechanisms_is_the_recorded_one() -> None:
    page = (Path(__file__).parent.parent / "docs" / "mechanisms.md").read_text(encoding="utf-8")
    assert page == mechanisms_page(measured())


def test_a_large_game_is_audited_on_an_excerpt() -> None:
    whole = build(load("story_tones"), "story_tones", (0,))
    part = excerpt(whole)
    assert part.reference.policy.shape == (PROMPTS, RESPONSES)
    assert torch.allclose(part.reference.policy.sum(-1), torch.ones(PROMPTS, dtype=torch.float64))
    assert part.messages.violation(part.truth).max() <= 1e-12
    falling = [(20 - k) / 210 for k in range(20)]
    steps = {"reference": falling, "agents": [{"rewards": [k / 20 for k in range(20)]}]}
    cut = excerpt(build(load(steps)))
    assert cut.truth.rewards[0, 0, 0].tolist() == [k / 20 for k in range(RESPONSES)]
    assert cut.reference.policy[0].tolist() == pytest.approx(
        [p / sum(falling[:RESPONSES]) for p in falling[:RESPONSES]]
    )
    crowd = excerpt(build(load("crowd"), "crowd", (0,)))
    assert crowd.truth.weights.shape[-1] == len(crowd.names) == AGENTS_KEPT
    wide = {"name": "social_welfare", "boosts": [[0.1] * 20]}
    game = {"reference": [0.05] * 20, "agents": [{"rewards": [0.5] * 20}], "mechanism": {"training": wide}}
    bound = build(load(game))
    assert excerpt(bound) is bound  # its boosts are made for twenty responses
