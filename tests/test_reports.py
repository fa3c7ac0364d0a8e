"""The page says what the data say, is the same every time, and shows hostile names as text."""

from __future__ import annotations

import base64
import csv
import json
import re
import shutil
from datetime import UTC, datetime
from html.parser import HTMLParser
from operator import itemgetter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from mechanisms.valuation import Valuation
from reports import page as page_module
from reports import provenance
from reports.figures import FIGURES
from reports.figures.externalities import costs
from reports.games import Game, read_games
from reports.numbers import number
from reports.report import write_report
from reports.settled import per_agent
from reports.spreadsheet import csv_text
from reports.study import study_of
from reports.tables import TABLES
from simulate.errors import BadInput
from simulate.load import load
from simulate.metrics import METRICS
from simulate.repeated_game import play
from simulate.scenario import build
from simulate.store import write_run

STARTED = datetime(2025, 1, 1, tzinfo=UTC)
HOSTILE = ("<script>alert(1)</script>", "{{ 7*7 }}", '"><img src=x onerror=alert(1)>', "=1+1", "a$b\u202ec\x1b[31m$")


class Page(HTMLParser):
    """What a browser would find: tags with attributes, verdict cells, and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.cells: dict[tuple[str, str], str] = {}
        self.text = ""
        self._cell: tuple[str, str] | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in ("meta", "img", "br"):
            self.open.append(tag)
        if "data-metric" in found:
            self._cell = (str(found["data-mechanism"]), str(found["data-metric"]))
            self.cells[self._cell] = ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._cell = None if tag == "td" else self._cell

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._cell:
            self.cells[self._cell] += data


def write_game(folder: Path, scenario, **settings) -> Path:
    config = load(scenario, settings)
    write_run(folder, config, play(config), STARTED, {"device": "cpu"})
    return folder


@pytest.fixture
def page(contest_page):
    return contest_page


@pytest.fixture
def two_figures(monkeypatch):
    """For what is about words and numbers: sixteen figures take several seconds."""
    monkeypatch.setattr(page_module, "FIGURES", {name: FIGURES[name] for name in ("lies", "who_gains")})


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    agents = [
        {"name": name, "rewards": list(np.eye(5)[i]), "strategy": "overstate" if i else "truthful"}
        for i, name in enumerate(HOSTILE)
    ]
    scenario = {"name": "names", "summary": "{% raw %}</style><b>x", "reference": [0.2] * 5, "agents": agents}
    folder = write_game(tmp_path_factory.mktemp("runs") / "hostile", scenario, rounds=1, replicates=1)
    return write_report([folder])


def test_the_page_is_whole_and_asks_for_nothing(page):
    text = page.read_text(encoding="utf-8")
    parsed = Page(text)
    assert parsed.open == []
    assert page.stat().st_size < 1_000_000
    tags = [tag for tag, _ in parsed.tags]
    assert not {"script", "link", "iframe", "object", "base", "form"} & set(tags)
    assert not re.search(r"https?:|//\w|url\(|@import", re.sub(r"base64,[^\"]*", "", text))
    policies = [a["content"] for _, a in parsed.tags if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]
    for tag, attributes in parsed.tags:
        assert not any(name.startswith("on") for name in attributes)
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("data:", "#", "tables/"))
        if tag == "a":
            assert (page.parent / str(attributes["href"])).is_file()
        if tag == "img":
            assert len(str(attributes["alt"])) > 30


def test_figures_are_the_files_beside_the_page(page):
    uris = [str(a["src"]) for tag, a in Page(page.read_text(encoding="utf-8")).tags if tag == "img"]
    shown = [base64.b64decode(uri.partition("base64,")[2]) for uri in uris]
    assert shown == [(page.parent / "figures" / f"{name}.svg").read_bytes() for name in FIGURES]
    assert {path.stem for path in (page.parent / "tables").iterdir()} == {*FIGURES, *TABLES}


def test_the_verdict_table_is_the_comparison(contest, page):
    cells = Page(page.read_text(encoding="utf-8")).cells
    rows = json.loads((contest / "comparison.json").read_text())["mechanisms"]
    for row in rows:
        for metric, found in row["metrics"].items():
            expected = f"{number(found['iqm'])}[{number(found['low'])}, {number(found['high'])}]"
            expected = "not measured" if found["iqm"] is None else expected
            assert cells[row["name"], metric] == expected
        assert cells[row["name"], "settled"] == "100%[44%, 100%] of 3"
    assert len(cells) == len(rows) * (len(METRICS) + 1)


def test_recomputed_numbers_are_those_of_the_comparison(contest):
    study = study_of(read_games([contest]))
    stored = json.loads((contest / "comparison.json").read_text())
    by_name = itemgetter("name")
    assert sorted(study.rows, key=by_name) == sorted(stored["mechanisms"], key=by_name)

    def who_on_what(pair):
        return (pair["metric"], *sorted((pair["better"], pair["worse"])))

    ours, theirs = sorted(study.pairs, key=who_on_what), sorted(stored["paired"], key=who_on_what)
    for a, b in zip(ours, theirs, strict=True):
        for name in ("difference", "low", "high"):
            if b["difference"] is None:
                assert a[name] is None
            elif b["difference"] != 0:  # in a tie, who is named first is chance
                assert a[name] == pytest.approx(b[name], abs=1e-12)


def test_the_history_read_back_is_the_one_played(contest):
    (game,) = read_games([contest / "vcg"])
    played = play(game.config)
    assert (game.name, game.history.agents, game.history.replicates) == ("vcg", played.agents, played.replicates)
    for column in (*played.rounds, *played.outcomes):
        np.testing.assert_array_equal(game.history.of(column), played.of(column))


def test_same_folders_same_bytes(contest, page, tmp_path):
    again = write_report([contest], tmp_path)
    first = {path.relative_to(page.parent): path.read_bytes() for path in page.parent.rglob("*.*")}
    assert {path.relative_to(tmp_path): path.read_bytes() for path in again.parent.rglob("*.*")} == first


def test_runs_given_one_by_one_are_the_comparison(contest, page, tmp_path, two_figures):
    separate = write_report([contest / name for name in ("nash_welfare", "no_payment", "vcg")], tmp_path)
    assert Page(separate.read_text()).cells == Page(page.read_text()).cells


def test_settled_play_of_agents_averages_to_the_metric(contest):
    (game,) = read_games([contest / "no_payment"])
    found = per_agent(game.history, "utility_gain").mean(1)
    np.testing.assert_allclose(found, METRICS["utility_gain"].value(game.history), atol=1e-12)


def test_hostile_names_are_text(hostile):
    raw = hostile.read_text(encoding="utf-8")
    parsed = Page(raw)
    assert [tag for tag, _ in parsed.tags].count("script") == 0
    assert "<script" not in raw
    assert "49" not in re.sub(r"base64,[^\"]*", "", raw).split("Agents")[1].split("Settings")[0]
    for name in HOSTILE[:4]:
        assert name in parsed.text
    assert "{% raw %}</style>" in parsed.text
    assert r"a$b\u202ec\x1b[31m$" in parsed.text
    assert "\u202e" not in raw
    assert "\x1b" not in raw
    assert all(a.get("src", "data:").startswith("data:") for _, a in parsed.tags)
    assert not any("<script" in path.read_text() for path in (hostile.parent / "figures").iterdir())


def test_formulas_in_text_cells_are_quoted(hostile):
    with (hostile.parent / "tables" / "agents.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["agent"] for row in rows][3] == "'=1+1"
    assert any(float(row["report_weight"]) > 0 for row in rows)
    frame = pd.DataFrame({"text": ["=1", "+1", "-1", "@x", "\tx", "\rx", "fine", "a=b"], "value": [-1.0] * 8})
    cells = [row.partition(",") for row in csv_text(frame).split("\n")[1:-1]]
    assert [text.strip('"')[:1] for text, _, _ in cells] == ["'"] * 6 + ["f", "a"]
    assert {value for _, _, value in cells} == {"-1.0"}


@pytest.mark.parametrize("settings", [{"rounds": 1, "replicates": 1}, {"rounds": 1}, {"replicates": 1, "rounds": 700}])
def test_small_games_have_pages(settings, tmp_path):
    scenario = "free_rider" if "rounds" in settings and settings["rounds"] == 1 else "two_camps"
    text = write_report([write_game(tmp_path / "run", scenario, **settings)]).read_text()
    assert not re.search(r"\b(nan|None|inf)\b", Page(text).text)


def test_a_crowd_shows_the_largest_gains_and_no_graph(tmp_path):
    settings = {"agents.0.count": 40, "agents.0.strategy": "overstate", "rounds": 2, "replicates": 2}
    page = write_report([write_game(tmp_path / "run", "crowd", **settings)])
    assert len(pd.read_csv(page.parent / "tables" / "who_gains.csv")) == 12
    assert len(pd.read_csv(page.parent / "tables" / "agents.csv")) == 40
    text = Page(page.read_text()).text
    assert "Shown are the 12 of 40 agents" in text
    assert "12 agents at most, and there are 40" in text


@pytest.mark.parametrize("name", ["two_camps", "free_rider"])
@pytest.mark.parametrize("training", ["social_welfare", "nash_welfare", "egalitarian", "generalized_mean"])
def test_externalities_are_those_of_a_loop(name, training):
    scenario = build(load(name, {"mechanism.training": training}), replicates=[0])
    found, payments = costs(scenario)
    rewards, weights = scenario.truth.rewards[0], scenario.truth.weights[0]
    reference, train = scenario.reference, scenario.mechanism.train

    def trained_without(i: int | None) -> torch.Tensor:
        keep = [k for k in range(len(weights)) if k != i]
        return train(reference, Valuation(rewards[keep], weights[keep]))

    # A policy found by iteration is off by about the square root of its optimality gap (some 1e-12).
    close = 1e-10 if training == "social_welfare" else 1e-6
    everyone = trained_without(None)
    for i in range(len(weights)):
        policy = trained_without(i)
        for j in range(len(weights)):
            value = weights[j] * ((policy - everyone) * rewards[j]).sum(-1).mean()
            assert float(found[i, j]) == pytest.approx(0.0 if i == j else float(value), abs=close)
    if training == "social_welfare":
        np.testing.assert_allclose(payments, scenario.mechanism(reference, scenario.truth).payments[0], atol=1e-12)
    else:
        assert payments.isnan().all()


def test_a_claim_that_play_contradicts_is_said_so(contest, tmp_path, two_figures):
    shutil.copytree(contest / "vcg", tmp_path / "vcg")
    rounds = pd.read_parquet(tmp_path / "vcg" / "rounds.parquet")
    rounds.assign(utility_gain=1.0, report_distance=1.0).to_parquet(tmp_path / "vcg" / "rounds.parquet")
    assert "CONTRADICTS THE CLAIM" in write_report([tmp_path / "vcg"]).read_text()
    assert "CONTRADICTS THE CLAIM" not in write_report([contest / "vcg"], tmp_path / "out").read_text()


def test_bad_folders_are_refused_in_a_sentence(contest, tmp_path, two_figures):
    def refused(folders: list[Path], *words: str, out: Path | None = None) -> None:
        with pytest.raises(BadInput) as error:
            write_report(folders, out)
        assert all(word in str(error.value) for word in words)
        assert "\n" not in str(error.value)

    refused([], "no folder")
    refused([tmp_path / "absent"], "absent", "no such folder")
    refused([tmp_path], "manifest.json", "comparison.json")
    refused([contest / "vcg", contest / "vcg"], "twice")
    refused([contest], "cannot be written", out=contest / "comparison.json")
    other = write_game(tmp_path / "other", "free_rider", rounds=1, replicates=3)
    refused([contest, other], "free_rider", "two_camps")
    (other / "rounds.parquet").write_bytes(b"no parquet")
    refused([other], "other", "not a complete run folder")
    (tmp_path / "comparison.json").write_text('{"mechanisms": [{"name": "../outside"}]}')
    refused([tmp_path], "comparison.json", "../outside")
    shutil.copytree(contest / "vcg", tmp_path / "cut")
    pd.read_parquet(tmp_path / "cut" / "rounds.parquet").iloc[:-1].to_parquet(tmp_path / "cut" / "rounds.parquet")
    refused([tmp_path / "cut"], "rounds.parquet", "rows")


def test_different_objectives_are_not_ranked_by_their_losses(contest, page, tmp_path, two_figures):
    mixed = Page(page.read_text()).text
    assert "do not maximise the same objective" in mixed
    assert "reaches the most social welfare" in mixed or "reach the most social welfare" in mixed
    pairs = study_of(read_games([contest])).against_best()
    assert {pair["metric"] for pair in pairs}.isdisjoint({"welfare_loss", "objective"})
    same = Page(write_report([contest / "vcg", contest / "no_payment"], tmp_path).read_text()).text
    assert "do not maximise the same objective" not in same
    assert "the least welfare" in same


def test_a_pool_is_said_to_be_written_by_a_language_model(monkeypatch):
    config = load({"reference": {"pool": "tales"}, "agents": [{"rewards": {"pool": "kind"}}]})
    manifest = {"model": {"name": "Smol"}, "samples": 9, "temperature": 1.0, "rewards": [{"description": "kindness."}]}
    monkeypatch.setattr(provenance, "load_pool", lambda name: SimpleNamespace(manifest=manifest))
    said = provenance.pool_sentence(config)
    assert all(word in said for word in ("tales", "a language model, Smol,", "9 samples", "reward models: kindness."))
    monkeypatch.setattr(provenance, "load_pool", lambda name: SimpleNamespace(manifest={}))
    assert "cannot be read here" in provenance.pool_sentence(config)
    assert provenance.pool_sentence(load("two_camps")) is None


def test_two_runs_of_one_mechanism_are_told_apart(tmp_path, two_figures):
    first = write_game(tmp_path / "low", "two_camps", rounds=2, replicates=2, **{"mechanism.beta": 0.1})
    second = write_game(tmp_path / "high", "two_camps", rounds=2, replicates=2, **{"mechanism.beta": 0.9})
    games: tuple[Game, ...] = read_games([first, second])
    assert [game.name for game in games] == ["vcg (low)", "vcg (high)"]
    text = Page(write_report([first, second], tmp_path / "out").read_text()).text
    assert "trueward run low/config.toml" in text
    assert re.search(r"beta\s*0\.\d / 0\.\d", text)


def test_no_figure_trains_a_language_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Computed figures try hundreds of reports: the exact optimum stands in for models, and captions say so."""
    settings = {"rounds": 2, "replicates": 1, "mechanism.fine_tuner.steps": 1}
    config = load("tuned_market", settings)
    folder = tmp_path / "run"
    write_run(folder, config, play(config), STARTED, {})

    def never(*ignored: object) -> None:
        raise AssertionError("trained")

    monkeypatch.setattr("mechanisms.fine_tuners.trained.climb", never)
    page = write_report([folder]).read_text(encoding="utf-8")
    assert page.count("The exact optimum stands in for the language models that were trained.") >= 2
