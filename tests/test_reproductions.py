"""The base paper's numbers come out, by the library's own mechanisms and by a second formula."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
import typer
from typer.testing import CliRunner

from reports.cli.reproduce import reproduce_command
from simulate.beyond import BEYOND
from simulate.errors import BadInput
from simulate.reproductions import REPRODUCTIONS
from simulate.reproductions.base import Cell, Reproduced, Reproduction, Size
from simulate.reproductions.published import printed
from simulate.reproductions.three_groups import MODELS, three_groups

synthetic = sys.modules["simulate.reproductions.synthetic"]  # whose name the catalogue takes
runner, app = CliRunner(), typer.Typer()
app.command("reproduce")(reproduce_command)
invoke = partial(runner.invoke, app)
SIX = ("row", "column", "paper", "ours", "difference", "setting")


def made(name: str, size: Size | None = None) -> Reproduced:
    return REPRODUCTIONS[name].make(size or Size(), lambda steps: None)


# Table 1


def by_hand(groups: int, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """numpy alone, from the closed forms: policies q e^{S / beta} / Z, payments beta log Z_{-1} - beta log Z + w v."""
    changes: list[tuple[list[float], list[float]]] = []
    beta, q = 0.2, np.full(10, 0.1)

    def play(mine: np.ndarray, own: np.ndarray, weights: np.ndarray, rest: np.ndarray) -> tuple[float, float]:
        total = weights[0] * mine + rest
        z, z_without = (np.sum(q * np.exp(s / beta)) for s in (total, rest))
        policy = q * np.exp(total / beta) / z
        payment = beta * np.log(z_without) - beta * np.log(z) + weights[0] * policy @ mine
        valuation = weights[0] * policy @ own
        return valuation, valuation - payment

    for number in range(-(-draws // synthetic.BLOCK)):
        rewards, weights = synthetic._block(
            groups, seed, number, min(synthetic.BLOCK, draws - number * synthetic.BLOCK)
        )
        for r, w in zip(rewards[:, :, 0], weights, strict=True):
            rest = w[1:] @ r[1:]
            honest = play(r[0], r[0], w, rest)
            row: tuple[list[float], list[float]] = ([], [])
            for epsilon in printed("table-1")["epsilon"]:
                lie, moved = r[0].copy(), min(epsilon, r[0].min(), 1 - r[0].max())
                lie[r[0].argmax()] += moved
                lie[r[0].argmin()] -= moved
                for side, value, true in zip(row, play(lie, r[0], w, rest), honest, strict=True):
                    side.append(value - true)
            changes.append(row)
    found = np.array(changes)  # [B, 2, E]
    return found.mean(0), found.std(0)


@pytest.mark.parametrize("groups", [3, 5])
def test_table_1_is_that_of_the_closed_forms(groups: int) -> None:
    found = synthetic.synthetic_changes(groups, 5, 300)
    mean, deviation = by_hand(groups, 300, 5)
    np.testing.assert_allclose(found.mean, mean, atol=1e-13)
    np.testing.assert_allclose(found.deviation, deviation, atol=1e-10)


def test_draws_do_not_depend_on_how_many_are_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = synthetic.synthetic_changes(3, 1, 2500)
    monkeypatch.setattr(synthetic, "CHUNK", 1)
    parts = synthetic.synthetic_changes(3, 1, 2500)
    assert whole.draws == parts.draws == 2500
    assert torch.equal(whole.first, parts.first)
    assert torch.equal(whole.second, parts.second)
    few, many = (next(iter(synthetic._drawn(3, 1, draws))) for draws in (1000, 3000))
    assert torch.equal(few.rewards, many.rewards[:1000])


def test_the_reconstruction_is_within_the_sampling_error_and_the_stated_setting_is_not() -> None:
    """arXiv 2405.16276, Table 1, at a tenth of its draws."""
    found = made("table-1", Size(draws=10_000))
    ours = [cell for cell in found.cells if cell.setting == "reconstructed"]
    stated = [cell for cell in found.cells if cell.setting == "stated"]
    assert len(ours) == len(stated) == 14
    assert all(cell.matches for cell in ours)
    assert all(cell.matches is None for cell in stated)
    far = [abs(cell.difference or 0) / (cell.error or 1) for cell in stated]
    assert sum(x > synthetic.SIGMAS for x in far) >= 12
    assert "not known to be the paper's own" in found.says[0]
    assert found.holds


def test_a_wrong_reconstruction_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(synthetic, "BETA", 0.25)
    assert not made("table-1", Size(draws=4000)).holds


# Tables 2 to 6


@pytest.mark.parametrize("number", range(2, 7))
def test_every_cell_of_three_groups_agrees_to_the_printed_rounding(number: int) -> None:
    found = made(f"table-{number}")
    assert len(found.cells) == 18
    assert all(cell.matches and cell.setting == "reconstructed" for cell in found.cells)


def test_three_groups_by_hand() -> None:
    """The argmax over six rows of numbers, and what the others lose by group 1's presence."""
    for number in range(2, 7):
        paper = printed(f"table-{number}")
        v = np.array(list(MODELS.values())) @ np.array(paper.get("mixes", np.eye(3))).T  # [M, 3]
        w = np.array(paper["weights"], float)
        ours = {(cell.row, cell.column): cell.ours for cell in made(f"table-{number}").cells}
        for value in paper["values"]:
            told, weight = v[:, 0], w[0]
            if paper["strategy"] == "overstate":
                weight, symbol = value * w[0], "alpha"
            else:
                told, symbol = value * v[:, 0] + (1 - value) * 0.2 * v[:, 1:].sum(1), "beta"
            others = v[:, 1:] @ w[1:]
            model = int(np.argmax(weight * told + others))
            utility = w[0] * v[model, 0] - (others.max() - others[model])
            column = f"{symbol} {value:g}"
            assert ours["valuation", column] == pytest.approx(w[0] * v[model, 0], abs=1e-12)
            assert ours["utility", column] == pytest.approx(utility, abs=1e-12)
            assert ours["social_welfare", column] == pytest.approx(w @ v[model], abs=1e-12)


def test_the_captions_weights_of_table_6_do_not_give_its_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    paper = printed("table-6")
    monkeypatch.setitem(paper, "mixes", [paper["mixes"][1], paper["mixes"][0], paper["mixes"][2]])
    assert not made("table-6").holds


def test_ninety_cells_are_printed() -> None:
    tables = [printed(f"table-{number}") for number in range(2, 7)]
    assert sum(len(table[row]) for table in tables for row in ("valuation", "utility", "social_welfare")) == 90
    payments = [np.subtract(table["valuation"], table["utility"]) for table in tables]
    assert min(float(each.min()) for each in payments) >= 0  # the affine maximizer's, as the paper says


# Which of A to F every column of a table must have chosen, worked out from the printed numbers.
CHOSEN = {"table-2": "DCBAAA", "table-3": "DDCCBA", "table-4": "DECFAA", "table-5": "CCCCBA", "table-6": "BBCEDD"}


@pytest.mark.parametrize(("name", "chosen"), CHOSEN.items())
def test_the_models_chosen(name: str, chosen: str) -> None:
    truth, valuation, _, welfare = three_groups(name)
    of_models = truth.weights[:, None] * truth.rewards.squeeze(1)  # [3, M]
    places = ["ABCDEF".index(letter) for letter in chosen]
    torch.testing.assert_close(valuation, of_models[0, places], rtol=0, atol=1e-12)
    torch.testing.assert_close(welfare, of_models.sum(0)[places], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", CHOSEN)
def test_truth_is_never_beaten_where_the_models_are_fixed(name: str) -> None:
    _, _, utility, _ = three_groups(name)
    assert float(utility.amax()) <= float(utility[printed(name)["values"].index(1)]) + 1e-12


def test_games_of_table_1_are_as_stated() -> None:
    (truth,) = synthetic._drawn(5, 0, 2000)
    assert set(truth.weights.unique().tolist()) == set(range(1, 11))
    assert float(truth.weights.mean()) == pytest.approx(5.5, abs=0.15)  # 5 standard errors of 10,000 sizes
    torch.testing.assert_close(truth.rewards.sum(-1), torch.ones(2000, 5, 1, dtype=torch.float64))


# The command


def test_every_part_is_kept_as_it_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(size: Size, progress: object) -> Reproduced:
        raise KeyboardInterrupt

    monkeypatch.setitem(REPRODUCTIONS, "table-3", Reproduction("never ends", broken))
    assert invoke(["table-2", "table-3", "--out", str(tmp_path)]).exit_code != 0
    kept = json.loads((tmp_path / "cells" / "table-2.json").read_text(encoding="utf-8"))
    assert kept == json.loads(invoke(["table-2", "--json"]).stdout)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    error = invoke(["table-2", "--out", str(tmp_path / "file")]).exception
    assert isinstance(error, BadInput)
    assert "is a file" in str(error)


def test_the_contract_of_json() -> None:
    done = invoke(["table-2", "--json"])
    assert done.exit_code == 0
    answer = json.loads(done.stdout)
    assert answer["name"] == "table-2"
    for cell in answer["cells"]:
        assert set(SIX) <= set(cell)
        assert cell["difference"] == pytest.approx(cell["ours"] - cell["paper"])
        assert cell["setting"] in ("stated", "reconstructed")
    several = json.loads(invoke(["table-3", "table-2", "--json"]).stdout)
    assert [one["name"] for one in several] == ["table-3", "table-2"]


def test_a_cell_that_should_agree_and_does_not_is_exit_code_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(printed("table-2"), "utility", [9.0] * 6)
    done = invoke(["table-2"])
    assert done.exit_code == 1
    assert "12 of 18 cells agree" in " ".join(done.output.split())


def test_unknown_names_are_a_sentence() -> None:
    error = invoke(["tabel-2"]).exception
    assert isinstance(error, BadInput)
    assert "did you mean 'table-2'" in str(error)


def test_one_report_of_tables_theorems_and_an_experiment(tmp_path: Path) -> None:
    chosen = ["table-1", "table-4", "theorems", "collusion"]
    sizes = ["--draws", "2000", "--games", "10", "--only", "4.8"]
    folders = [tmp_path / name for name in ("a", "b")]
    for folder in folders:
        invoke([*chosen, *sizes, "--out", str(folder)])
    page = (folders[0] / "index.html").read_text()
    assert "not known to be the paper" in page
    assert "fitted to the printed numbers" in page
    assert page.count("<img") == 1
    assert "<script" not in page
    cells = pd.read_csv(folders[0] / "tables" / "table-4.csv")
    assert cells["matches"].all()
    assert len(cells) == 18
    for name in (*(f"tables/{each}.csv" for each in chosen), "figures/collusion.svg", "report.md"):
        ours, again = ((folder / name).read_text() for folder in folders)
        assert _undated(ours) == _undated(again)
    brief = (folders[0] / "report.md").read_text()
    assert "| reconstructed |" in brief
    assert "| stated |" in brief


def _undated(text: str) -> str:
    return "\n".join(line for line in text.split("\n") if "started" not in line)


def test_the_catalogue_has_everything() -> None:
    assert list(REPRODUCTIONS)[:7] == [*(f"table-{n}" for n in range(1, 7)), "theorems"]
    assert set(BEYOND) < set(REPRODUCTIONS)
    nothing = Reproduced("x", (Cell("a", "b", None, 1.0, "beyond"),))
    assert nothing.holds
    assert nothing.cells[0].difference is None


def test_the_documentation_is_what_the_command_writes(tmp_path: Path) -> None:
    """Of the parts that need no random games; `make reproduction` writes the page."""
    page = (Path(__file__).parent.parent / "docs" / "reproduction" / "index.md").read_text()
    invoke([*(f"table-{number}" for number in range(2, 7)), "--out", str(tmp_path)])
    ours = (tmp_path / "report.md").read_text().split("\n## ")[1:]
    assert len(ours) == 5
    for section in ours:
        assert section.strip() in page
    for name in BEYOND:
        assert f"](figures/{name}.svg)" in page
        assert (Path(__file__).parent.parent / "docs" / "reproduction" / "figures" / f"{name}.svg").is_file()
