"""What the README shows works."""

from __future__ import annotations

import re
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch
from ruamel.yaml import YAML

from mechanisms.recipe import Recipe
from mechanisms.reference import Reference
from mechanisms.valuation import Valuation
from reports.cli.app import main
from simulate.config import AgentConfig, Config, MechanismConfig
from simulate.history import AGENT_COLUMNS, OUTCOME_COLUMNS
from simulate.load import load
from simulate.scenario import build

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, flags=re.DOTALL)
PYTHON = [code for language, code in BLOCKS if language == "python"]
COMMANDS = [line[2:] for language, code in BLOCKS if language == "console" for line in code.splitlines()]


def run(code: str, folder: Path) -> ModuleType:
    path = folder / "example.py"
    path.write_text(code, encoding="utf-8")
    spec = spec_from_file_location("example", path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules["example"] = module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("code", PYTHON, ids=range(len(PYTHON)))
def test_python_examples_run(code: str, tmp_path: Path) -> None:
    assert vars(run(code, tmp_path))


def test_commands_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (yaml,) = [code for language, code in BLOCKS if language == "yaml"]
    (tmp_path / "game.yaml").write_text(yaml)
    monkeypatch.chdir(tmp_path)
    assert len(COMMANDS) == 12
    for command in COMMANDS:
        monkeypatch.setattr(sys, "argv", command.split())
        with pytest.raises(SystemExit) as end:
            main()
        assert end.value.code in (0, None), command
    assert (tmp_path / "contest" / "report" / "index.html").exists()


def test_the_new_rule_and_strategy_do_what_their_words_say(tmp_path: Path) -> None:
    train = Recipe(beta=0.3).build().train
    reference = Reference.of(torch.full((1, 4), 0.25, dtype=torch.float64))
    reports = Valuation(torch.rand(3, 1, 4).double(), torch.ones(3).double())
    policy = train(reference, reports)
    half = run(PYTHON[-2], tmp_path).half
    assert half(train, reference, reports, policy).min() >= 0
    loud = run(PYTHON[-1], tmp_path).Shout().report(reports, None, None)
    assert torch.equal(loud.rewards, 3 * reports.rewards)


def test_the_documented_scenario_file_is_one() -> None:
    text = (Path(__file__).parent.parent / "docs" / "scenario-file.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)
    data = YAML(typ="safe", pure=True).load(example)
    assert set(data) == set(Config.model_fields)
    assert set(data["mechanism"]) == set(MechanismConfig.model_fields)
    assert {key for agent in data["agents"] for key in agent} == set(AgentConfig.model_fields)
    assert build(load(data)).names == ("a", "b")
    for column in (*AGENT_COLUMNS, *OUTCOME_COLUMNS):
        assert f"`{column}`" in text
