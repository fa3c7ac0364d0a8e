"""What the README shows works."""

from __future__ import annotations

import re
from pathlib import Path

import torch
from ruamel.yaml import YAML

from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from simulate.config import AgentConfig, Config, MechanismConfig
from simulate.history import AGENT_COLUMNS, OUTCOME_COLUMNS
from simulate.load import load
from simulate.scenario import build
from tests.pages import ROOT, Block, Reader, blocks

SHOWN = blocks(ROOT / "README.md")


def of(language: str) -> list[Block]:
    return [block for block in SHOWN if block.language == language]


def test_python_examples_run(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    assert len(of("python")) == 4
    for block in of("python"):
        reader.follow(block)


def test_commands_run_in_order(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    commands = "".join(block.code for block in of("console"))
    assert commands.count("$ trueward") == 12
    for block in [*of("yaml"), *of("console")]:
        reader.follow(block)
    assert (tmp_path / "contest" / "report" / "index.html").exists()


def test_the_new_rule_and_strategy_do_what_their_words_say(tmp_path: Path) -> None:
    train = Recipe(beta=0.3).build().train
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    reports = Valuation(torch.rand(3, 1, 4).double(), torch.ones(3).double())
    policy = train(reference, reports)
    reader = Reader(tmp_path)
    for block in of("python")[-2:]:
        reader.follow(block)
    assert reader.module.half(train, reference, reports, policy).min() >= 0
    loud = reader.module.Shout().report(reports, None, None)
    assert torch.equal(loud.rewards, 3 * reports.rewards)


def test_the_documented_scenario_file_is_one() -> None:
    text = (ROOT / "docs" / "scenario-file.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    data = YAML(typ="safe", pure=True).load(example)
    assert set(data) == set(Config.model_fields)
    assert set(data["mechanism"]) == set(MechanismConfig.model_fields)
    assert {key for agent in data["agents"] for key in agent} == set(AgentConfig.model_fields)
    assert build(load(data)).names == ("a", "b")
    for column in (*AGENT_COLUMNS, *OUTCOME_COLUMNS):
        assert f"`{column}`" in text
