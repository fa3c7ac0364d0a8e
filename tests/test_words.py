"""What a report says in words: filled from the configuration and docstrings, with gaps where neither knows."""

from __future__ import annotations

import shlex
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.stats import permutation_test
from typer.testing import CliRunner

from mechanisms.payments import PAYMENT_RULES
from reports.checklist import checklist
from reports.cli.app import app
from reports.comparisons import Comparisons
from reports.docstrings import opening
from reports.games import read_games
from reports.inputs import altered
from reports.odd import ELEMENTS
from reports.provenance import commands
from reports.references import reference_words
from reports.report import write_report
from reports.study import study_of
from reports.worst import worst
from simulate.contest import compare, write_contest
from simulate.load import load
from simulate.repeated_game import play
from simulate.significance import holm, shuffle_p, sign_flip_p
from tests.test_reports import STARTED, write_game

SIZE = {"rounds": 6, "replicates": 4}


@pytest.fixture(scope="module")
def contest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "contest"
    write_contest(folder, compare("two_camps", ["no_payment", "vcg"], SIZE), STARTED, {"device": "cpu"})
    return folder


@pytest.fixture(scope="module")
def study(contest):
    return study_of(read_games([contest]))


def odd(folder):
    study = study_of(read_games([folder]))
    return {(element, s.about): s for element, of in ELEMENTS.items() for s in of(study)}


def test_seven_elements_and_eleven_concepts(study):
    assert len(ELEMENTS) == 7
    assert len(ELEMENTS["Design concepts"](study)) == 11
    assert all(of(study) for of in ELEMENTS.values())


def test_the_words_follow_the_configuration(contest, tmp_path):
    before = odd(contest)
    changed = {
        "information": "full", "agents.0.strategy": "overstate", "agents.1.strategy": "truthful",
        "agents.2.strategy": "truthful", "messages.max_weight": 7.0, "mechanism.divergence": "chi_squared",
        "drift": True,
    }  # fmt: skip
    after = odd(write_game(tmp_path / "run", "two_camps", **SIZE, **changed))
    assert "full information" in after["Design concepts", "sensing"].says
    assert "outcome information" in before["Design concepts", "sensing"].says
    assert after["Design concepts", "learning"].says.startswith("None")
    assert "hedge" in before["Design concepts", "learning"].says
    assert "at most 7" in after["Entities, state variables and scales", "reports"].says
    assert ("Submodels", "divergence: chi_squared") in after
    assert ("Process overview and scheduling", "between rounds: drift") in after
    assert ("Process overview and scheduling", "between rounds: drift") not in before


def test_gaps_are_seen_and_nothing_is_invented(study, monkeypatch):
    def silent(train, reference, reports, policy):
        return PAYMENT_RULES["affine_maximizer"](train, reference, reports, policy)

    silent.__module__ = "nowhere"
    before = {s.about: s for s in ELEMENTS["Submodels"](study)}
    monkeypatch.setitem(PAYMENT_RULES, "zero", silent)
    after = {s.about: s for s in ELEMENTS["Submodels"](study)}
    assert before["payment rule: zero"].source == "code"
    assert "p_i = 0" in before["payment rule: zero"].says
    assert after["payment rule: zero"].source == "gap"
    assert after["payment rule: zero"].says == "A person must write: what zero does."


def test_a_dataclass_without_docstring_says_nothing():
    plain = type("Plain", (), {"__doc__": "Plain(rate: float = 1.0)"})
    assert opening(plain) == ""


def test_every_section_is_on_the_page(contest, tmp_path, monkeypatch):
    monkeypatch.setattr("reports.page.FIGURES", {})  # words only
    text = _page(contest, tmp_path)
    for heading in (*ELEMENTS, "How sure", "What it costs", "Worst replicates", "Checklist", "A person must write"):
        assert heading in text
    assert "Holm" in text
    assert "--only-replicate" in text


def _page(folder, out):
    write_report([folder], out)
    return (out / "index.html").read_text()


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ({"random": {"responses": 8}}, "1 prompt with 8 responses without texts; their law is uniform"),
        ({"responses": [["a", "b"], ["c"]]}, "1 to 2 texts for each of 2 prompts, spelled out in the file"),
        ({"language_model": "enumerable", "length": 2}, "everything that it can say in at most 2 letters"),
        ({"language_model": "X", "prompts": ["a"], "max_tokens": 3}, "says to 1 prompt in at most 3 tokens"),
        ({"pool": "story_tones"}, "the pool story_tones"),
    ],
)
def test_every_kind_of_reference_has_words(reference, words):
    assert words in reference_words(SimpleNamespace(reference=reference))


def test_p_values_are_those_of_scipy():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(2, 8))
    gap = permutation_test((a, b), lambda x, y, axis: (x - y).mean(axis), permutation_type="samples", vectorized=True)
    assert sign_flip_p((a - b)[:, None])[0] == pytest.approx(gap.pvalue, abs=1e-12)
    deal = permutation_test((a, b), lambda x, y, axis: x.mean(axis) - y.mean(axis), vectorized=True)
    assert shuffle_p(a, b) == pytest.approx(deal.pvalue, abs=0.02)
    assert np.isnan(sign_flip_p(np.full((3, 1), np.nan))[0])
    assert holm([0.01, float("nan"), 0.02])[::2] == [0.02, 0.02]


def test_comparisons_are_counted_and_what_cannot_pass_is_said(study):
    found = Comparisons(study)
    assert found.made == sum(pair["difference"] is not None for pair in study.pairs)
    assert all(row["p_holm"] >= row["p"] for row in found.rows if row["p"] is not None)
    assert f"{found.made} comparisons were made" in found.sentences()[0]
    assert "With 4 replicates no p-value can be below 0.125" in found.sentences()[-1]


def test_one_replicate_alone_is_the_one_of_the_whole_game():
    whole, one = play("two_camps", SIZE), play("two_camps", SIZE, only=2)
    assert one.replicates == (2,)
    for column in (*whole.rounds, *whole.outcomes):
        np.testing.assert_array_equal(whole.of(column)[:, 2], one.of(column)[:, 0])


def test_the_worst_replicate_is_the_worst_and_its_command_replays_it(contest, study, tmp_path, monkeypatch):
    row = next(row for row in worst(study).to_dict("records") if row["mechanism"] == "no_payment")
    monkeypatch.chdir(contest)
    done = CliRunner().invoke(app, [*shlex.split(row["command"])[1:], "--out", str(tmp_path / "again")])
    assert done.exit_code == 0, done.output
    (again,), (played,) = read_games([tmp_path / "again"]), read_games([contest / "no_payment"])
    k = played.history.replicates.index(row["replicate"])
    np.testing.assert_array_equal(again.history.of("utility")[:, 0], played.history.of("utility")[:, k])
    assert again.run.summary["replicates"] == 1


def test_the_printed_command_makes_the_same_bytes(contest, study, tmp_path, monkeypatch):
    monkeypatch.chdir(contest)
    monkeypatch.setattr("reports.report.write_report", lambda folders: folders[0])  # the page has tests of its own
    (command,) = commands(study.games)
    done = CliRunner().invoke(app, [*shlex.split(command)[1:], "--out", str(tmp_path / "again")])
    assert done.exit_code == 0, done.output
    for name in ("vcg", "no_payment"):
        file = f"{name}/rounds.parquet"
        assert (tmp_path / "again" / file).read_bytes() == (contest / file).read_bytes()


def test_options_that_compare_cannot_say_are_run_one_by_one(tmp_path):
    rules = {"mechanism.training": {"name": "generalized_mean", "alpha": -3.0}, "mechanism.payment": "zero"}
    folders = [
        write_game(tmp_path / "odd", "two_camps", **SIZE, **rules),
        write_game(tmp_path / "vcg", "two_camps", **SIZE),
    ]
    assert [line.split()[1] for line in commands(read_games(folders))] == ["run", "run"]


def test_the_checklist_notices_a_changed_configuration(contest, study, tmp_path):
    assert {a.answer for a in checklist(Comparisons(study)) if "play again" in a.asked} == {"yes"}
    run = write_game(tmp_path / "run", "two_camps", **SIZE)
    path = run / "config.toml"
    path.write_text(path.read_text() + "\n# touched\n")
    changed = study_of(read_games([run]))
    assert altered(changed) == ["vcg"]
    assert {a.answer for a in checklist(Comparisons(changed)) if "play again" in a.asked} == {"no"}


def test_a_replicate_that_is_not_there_is_refused():
    done = CliRunner().invoke(app, ["run", "two_camps", "--replicates", "2", "--only-replicate", "2"])
    assert done.exit_code != 0
    assert load("two_camps").replicates > 2
