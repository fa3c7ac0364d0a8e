"""`trueward finetune` as a user meets it: files, refusals, interruptions, thin samples, the page."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML
from safetensors import safe_open

from mechanisms.fine_tuners.training.open_text import Climb
from mechanisms.fine_tuners.training.standing import Standing
from mechanisms.language_models.adapters import Adapters
from mechanisms.language_models.smollm2 import SMOLLM2
from simulate.errors import BadInput
from simulate.fine_tuning import run as running
from simulate.fine_tuning.checkpoint import CHECKPOINT, Checkpoint
from simulate.fine_tuning.folder import adapters_of, config_of, digest
from simulate.fine_tuning.games import OPEN_TEXT
from simulate.fine_tuning.plan import Rloo, plan_of
from simulate.fine_tuning.run import resumed
from simulate.load import load
from tests.test_cli import trueward

FILES = ("config.toml", "steps.parquet", "samples.parquet", "adapters.safetensors", "summary.json")
SMALL = ("--set", "mechanism.fine_tuner.samples=8", "--set", "mechanism.fine_tuner.evaluation=120")
LIE = """
reference: {language_model: enumerable, prompts: [""], max_tokens: 2}
agents:
  - {name: "<b>honest</b>", rewards: {reward: {name: letters, characters: ab}}}
  - name: liar
    weight: 0.5
    rewards: {reward: {name: letters, characters: c}}
    report: {rewards: {reward: {name: letters, characters: de}}, weight: 2}
messages: {rewards: unit_box, max_weight: 2}
mechanism: {beta: 0.5, fine_tuner: {name: rloo, steps: 30, samples: 16, evaluation: 300}, payment: cumulant}
"""


def finetune(*arguments: str | Path) -> dict[str, Any]:
    """What ``--json`` prints, which is all that is printed."""
    done = trueward("finetune", *map(str, arguments), "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def refused(*arguments: str | Path) -> str:
    """The sentence of bad input."""
    done = trueward("finetune", *map(str, arguments))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


@pytest.fixture(scope="module")
def lied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    place = tmp_path_factory.mktemp("lied")
    (place / "game.yaml").write_text(LIE)
    return place / "out", finetune(place / "game.yaml", "--out", place / "out")


# ---- a finished folder


def test_training_is_on_reports_and_utilities_are_at_the_truth(lied: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = lied
    honest, liar = summary["agents"]
    assert (honest["lies"], liar["lies"]) == (False, True)
    assert liar["reported_difference"]["low"] > 0  # the model was trained on what was said
    assert liar["difference"]["high"] < 0  # and the liar gets less of what it wants
    assert honest["difference"]["excludes_zero"]
    assert liar["valuation"]["value"] == pytest.approx(0.5 * liar["after"]["value"])
    for row in summary["agents"]:
        assert row["utility"]["value"] == pytest.approx(row["valuation"]["value"] - row["payment"]["value"], abs=1e-9)
        assert 0 < row["payment"]["low"] < row["payment"]["value"] < row["payment"]["high"]
        assert row["difference"]["value"] == pytest.approx(row["after"]["value"] - row["before"]["value"], abs=1e-9)
    welfare = sum(row["valuation"]["value"] for row in summary["agents"])
    assert summary["social_welfare"]["value"] == pytest.approx(welfare)
    penalty = summary["beta"] * summary["kl"]["value"]
    assert summary["objective"]["value"] == pytest.approx(welfare - penalty, abs=1e-9)
    assert json.loads((folder / "summary.json").read_text()) == {k: v for k, v in summary.items() if k != "out"}


def test_the_folder_holds_what_was_seen_and_said(lied: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = lied
    steps, samples = pd.read_parquet(folder / "steps.parquet"), pd.read_parquet(folder / "samples.parquet")
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == sorted([*FILES, "manifest.json"])
    assert list(steps["step"]) == list(range(30))
    said = steps["report.<b>honest</b>"] + 2 * steps["report.liar"]
    assert (steps["objective"] - (said - 0.5 * steps["kl"])).abs().max() < 1e-12
    assert len(samples) == 2 * 300
    after = samples[samples["stage"] == "after"]
    assert after["reward.liar"].mean() == pytest.approx(summary["agents"][1]["after"]["value"])
    ratio = (after["log_probability"] - after["reference_log_probability"]).mean()
    assert ratio == pytest.approx(summary["kl"]["value"])
    before = samples[samples["stage"] == "before"]
    assert (before["log_probability"] - before["reference_log_probability"]).abs().min() > 0
    assert (
        before["text"].map(lambda text: sum(c in "de" for c in text) / max(1, len(text))).equals(before["report.liar"])
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["kind"], manifest["state"], manifest["threads"]) == ("finetune", "done", 1)
    assert manifest["end"] >= manifest["start"]
    assert adapters_of(folder).count == 1


def test_the_page_says_the_verdict_and_escapes_everything(lied: tuple[Path, dict[str, Any]]) -> None:
    folder, summary = lied
    done = trueward("report", str(folder), "--out", str(folder.parent / "page"))
    assert done.returncode == 0, done.stderr
    page = (folder.parent / "page" / "index.html").read_text()
    assert "&lt;b&gt;honest&lt;/b&gt;" in page
    assert "<b>honest" not in page
    assert "data:image/svg+xml;base64," in page
    for row in summary["agents"]:
        assert f"{row['payment']['value']:.3f} [{row['payment']['low']:.3f}, {row['payment']['high']:.3f}]" in page
    assert "The reward of &lt;b&gt;honest&lt;/b&gt; rose and the reward of liar fell" in page
    first = pd.read_parquet(folder / "samples.parquet").query("stage == 'after'")["text"].iloc[0]
    assert f"<td>{first}</td></tr>" in page
    tables = {f"{name}.{kind}" for name in ("agents", "steps") for kind in ("csv", "parquet", "tex")}
    assert {path.name for path in (folder.parent / "page" / "tables").iterdir()} == tables
    assert trueward("report", str(folder), str(folder.parent)).returncode == 2


def test_a_terminal_sees_a_table_and_two_texts(lied: tuple[Path, dict[str, Any]]) -> None:
    folder, _ = lied
    done = trueward("finetune", str(folder.parent / "game.yaml"), "--out", str(folder), "--resume")  # nothing is left
    assert done.returncode == 0
    assert "(lies)" in done.stdout
    assert "before:" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("payment", ["zero", "pay_as_reported"])
def test_other_payments(payment: str, tmp_path: Path) -> None:
    chosen = ("--steps", "1", *SMALL, "--set", f"mechanism.payment={payment}")
    summary = finetune("two_letters", "--out", tmp_path / "x", *chosen)
    for row in summary["agents"]:
        expected = {"zero": 0.0, "pay_as_reported": row["valuation"]["value"]}[payment]
        assert row["payment"]["value"] == pytest.approx(expected, abs=1e-12)
        assert row["utility"]["value"] == pytest.approx(row["valuation"]["value"] - expected, abs=1e-12)


def test_a_payment_that_rests_on_a_handful_of_samples_is_no_number(tmp_path: Path) -> None:
    letters = {"first": "abcde", "last": "abcde", "rare": "e"}  # 1 but for a few empty texts, twice; 0 but for a few
    agents = [{"name": n, "rewards": {"reward": {"name": "letters", "characters": c}}} for n, c in letters.items()]
    thin = ("--steps", "1", *SMALL, "--set", "mechanism.beta=0.02", "--set", f"agents={json.dumps(agents)}")
    summary = finetune("two_letters", "--out", tmp_path / "x", *thin)
    *refusals, stated = summary["agents"]
    for row in refusals:
        assert row["effective_samples"] < 50
        assert row["payment"] is row["utility"] is None
        assert "of 120 samples a prompt; allowed is 50 or more" in row["refused"]
    assert stated["effective_samples"] >= 50
    assert stated["payment"]["high"] >= stated["payment"]["low"] >= 0
    assert stated["refused"] is None
    assert summary["gap"] is summary["payment_bounds"] is None
    done = trueward("finetune", "two_letters", "--out", str(tmp_path / "x"), *thin, "--resume")
    assert "No payment is stated for first: effective sample size is" in done.stdout
    assert trueward("report", str(tmp_path / "x")).returncode == 0
    page = (tmp_path / "x" / "report" / "index.html").read_text()
    assert page.count("Too few samples.") == 3
    assert page.count("its payment is not stated, since its") == 2
    assert '<td class="number" data-agent="first" data-column="payment">-</td>' in page


def test_two_seeds_train_two_models_and_one_seed_one(tmp_path: Path) -> None:
    for name, seed in (("a", "1"), ("b", "2"), ("c", "1")):
        finetune("two_letters", "--out", tmp_path / name, "--steps", "2", "--seed", seed, *SMALL)
    a, b, c = ((tmp_path / name / "adapters.safetensors").read_bytes() for name in "abc")
    assert a == c != b


# ---- interruptions


def in_a_new_process(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "reports.cli.app", "finetune", *arguments]
    settings = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings)


def step_on_disk(folder: Path) -> int:
    path = folder / CHECKPOINT
    if not path.exists():
        return -1
    with safe_open(path, "pt") as file:
        return int(file.get_tensor("step"))


def test_killed_in_the_middle_it_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    game = ("two_letters", "--steps", "40", *SMALL, "--set", 'reference.prompts=["a"]')
    finetune(*game, "--out", tmp_path / "whole")
    killed = tmp_path / "killed"
    process = in_a_new_process(*game, "--out", str(killed))
    deadline = time.monotonic() + 120
    while step_on_disk(killed) < 10 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert 10 <= step_on_disk(killed) < 40
    assert not (killed / "summary.json").exists()
    assert f"has not ended; `trueward resume {killed}` goes on" in trueward("report", str(killed)).stderr
    assert f"interrupted fine-tune; `trueward resume {killed}` goes on" in refused(*game, "--out", killed)
    done = trueward("resume", str(killed), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["out"] == str(killed)
    for name in FILES:
        assert (killed / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name
    assert not (killed / CHECKPOINT).exists()


def test_an_interrupt_writes_a_checkpoint_and_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    game, advance = ("two_letters", "--steps", "6", *SMALL), Climb.advance

    def interrupted(climb: Climb, standing: Any) -> Any:
        if standing.step == 4:
            raise KeyboardInterrupt
        return advance(climb, standing)

    def stopped(plan: Any, device: str) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Climb, "advance", interrupted)
        done = trueward("finetune", *game, "--out", str(tmp_path / "x"))
    assert done.returncode == 130
    how = f"`trueward resume {tmp_path / 'x'}` goes on from its last checkpoint"
    assert done.stderr == f"trueward: interrupted; {how}\n"
    assert step_on_disk(tmp_path / "x") == 4
    with monkeypatch.context() as patch:
        patch.setattr(running, "built", stopped)
        early = trueward("finetune", *game, "--out", str(tmp_path / "early"))
    assert (early.returncode, early.stderr) == (130, "")
    steps: list[int] = []
    resumed(tmp_path / "x", lambda progress: steps.append(progress.done) if progress.doing == "training" else None)
    assert steps == [5, 6]
    finetune(*game, "--out", tmp_path / "whole")
    for name in FILES:
        assert (tmp_path / "x" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes(), name


def test_what_cannot_be_resumed_is_refused(tmp_path: Path, lied: tuple[Path, dict[str, Any]]) -> None:
    assert "--resume needs --out" in refused("two_letters", "--resume")
    assert "is not the folder of a fine-tune" in refused("two_letters", "--resume", "--out", tmp_path / "none")
    assert "agents.0.name is 'first' in two_letters, but '<b>honest</b>'" in refused(
        "two_letters", "--resume", "--out", lied[0]
    )
    assert "is not empty" in refused("two_letters", "--out", lied[0])
    config = load("two_letters", {"mechanism.fine_tuner.steps": 3})
    plan = plan_of(config, "x")
    from simulate.fine_tuning.build import built
    from simulate.fine_tuning.training import columns

    start = Checkpoint(built(plan).start(2, 1), torch.zeros(0, len(columns(plan))))
    start.write(tmp_path, digest(config))
    read = Checkpoint.read(tmp_path, digest(config))
    assert read is not None
    assert all(
        torch.equal(a, b) for a, b in zip(read.standing.named().values(), start.standing.named().values(), strict=True)
    )
    with pytest.raises(BadInput, match="another configuration"):
        Checkpoint.read(tmp_path, digest(load("two_letters")))
    whole = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(BadInput, match="not a whole checkpoint"):
        Checkpoint.read(tmp_path, digest(config))


# ---- the right weights move


def test_training_that_moves_nothing_or_the_wrong_weights_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    advance = Climb.advance

    def idle(climb: Climb, standing: Standing) -> Any:
        return replace(standing, step=standing.step + 1), advance(climb, standing)[1]

    with monkeypatch.context() as patch:
        patch.setattr(Climb, "advance", idle)
        done = trueward("finetune", "two_letters", "--out", str(tmp_path / "x"), "--steps", "2", *SMALL)
    assert done.returncode == 1
    assert "no adapter has changed: all responses are worth the same" in done.stderr
    digests = iter(["one", "another"])
    monkeypatch.setattr(running, "weights_sha256", lambda model: next(digests))
    done = trueward("finetune", "two_letters", "--out", str(tmp_path / "y"), "--steps", "1", *SMALL)
    assert done.returncode == 1
    assert "the weights of the language model itself have changed" in done.stderr


# ---- bad input


REFUSED = {
    "reference=[0.5, 0.5]": "reference is a table",
    'reference={"random": {"responses": 3}}': "reference has the keys random",
    'reference={"language_model": "enumerable", "length": 2}': "`trueward solve` takes the others",
    'reference={"language_model": "enumerable", "max_token": 2}': "did you mean 'max_tokens'",
    "reference.temperature=0": "temperature is 0",
    "reference.prompts=[]": "prompts is []",
    'reference.prompts=["a", "a"]': "has 'a' twice",
    'reference.prompts=["fox"]': "reads the letters a to e",
    "reference.max_tokens=40": "has room for",
    "prompt_weights=[1.0]": "prompt_weights has 1 entries; the reference has 2",
    "mechanism=vcg": "fine_tuner is exact; allowed on open text is rloo",
    "mechanism.fine_tuner.samples=1": "samples is 1",
    "mechanism.fine_tuner.step=1": "did you mean 'steps'",
    "mechanism.fine_tuner.estimator=ppo": "estimator is 'ppo'",
    "mechanism.training=median": "training is 'median'; allowed on open text is social_welfare",
    "mechanism.divergence=chi_squared": "allowed on open text is kl",
    "mechanism.payment=bailey": "payment is 'bailey'",
    "mechanism.beta=0": "beta is 0.0; it must be above 0",
    "messages.rewards=sum_to_one": "messages.rewards is 'sum_to_one'",
    "messages.max_weight=0.5": "a weight of 'first' is 1; messages.max_weight is 0.5",
    "normalise=true": "normalise is true",
    "agents.0.rewards=[1, 0]": "agents.0.rewards is a table; on open text rewards read texts",
    "agents.0.rewards.reward=posivity": "did you mean 'positivity'",
    'agents.0.weight={"random": {}}': "agents.0.weight is",
    "agents.0.weight=-1": "not negative",
    "agents.1.name=first": "'first' occurs twice",
}


@pytest.mark.parametrize("setting", REFUSED)
def test_bad_games_are_refused_in_a_sentence(setting: str, tmp_path: Path) -> None:
    said = refused("two_letters", "--out", tmp_path / "x", "--set", setting)
    assert said.startswith("trueward: two_letters: ")
    assert REFUSED[setting] in said
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("command", ["solve", "run", "audit"])
def test_other_commands_point_to_this_one(command: str, tmp_path: Path) -> None:
    done = trueward(command, "two_letters")
    assert done.returncode == 2
    assert "use `trueward finetune`, or list responses" in done.stderr


@pytest.mark.parametrize("name", OPEN_TEXT)
def test_built_in_games_are_plans(name: str) -> None:
    plan = plan_of(load(name), name)
    assert plan.config.name == name
    assert len(plan.parties) == 2
    assert plan.payment == "affine_maximizer"


def test_the_documented_game_is_one() -> None:
    text = (Path(__file__).parent.parent / "docs" / "fine-tuning.md").read_text(encoding="utf-8")
    (example,) = [block for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL) if "max_tokens" in block]
    plan = plan_of(load({"name": "documented", **YAML(typ="safe", pure=True).load(example)}), "documented")
    assert [party.lies for party in plan.parties] == [False, True]
    for option in Rloo.model_fields:
        assert option == "name" or f"`{option}`" in text


def test_a_folder_s_config_is_a_game(lied: tuple[Path, dict[str, Any]]) -> None:
    config = config_of(lied[0])
    assert load(lied[0] / "config.toml") == config
    assert [party.lies for party in plan_of(config, "x").parties] == [False, True]


# ---- a real language model


@pytest.mark.slow
def test_a_real_language_model_is_tuned(tmp_path: Path) -> None:
    few = ("--steps", "1", "--set", "mechanism.fine_tuner.samples=2", "--set", "mechanism.fine_tuner.evaluation=4")
    summary = finetune("two_tones", "--out", tmp_path / "x", *few, "--set", 'reference.prompts=["The museum opens"]')
    assert summary["language_model"] == SMOLLM2
    assert all(row["payment"] is None for row in summary["agents"])  # of four samples nothing is said
    moved: Adapters = adapters_of(tmp_path / "x")
    assert any(float(value.abs().max()) > 0 for value in moved.up.values())
    assert all(text["after"] for text in summary["texts"])
