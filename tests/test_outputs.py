"""Every output says the same of a report: names are text in all of them, and what is missing is said first."""

from __future__ import annotations

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from markdown_it import MarkdownIt
from matplotlib.text import Text
from typer.testing import CliRunner

from reports import page as page_module
from reports.cli.app import app
from reports.figures import FIGURES
from reports.games import read_games, read_runs
from reports.latex import MOST_ROWS, latex, latex_table
from reports.outputs import OUTPUTS
from reports.outputs.base import Report
from reports.report import report_of, write_formats, write_report
from reports.study import study_of
from reports.text import visible
from simulate.contest import compare, write_contest
from simulate.errors import BadInput
from simulate.load import load
from simulate.repeated_game import play
from simulate.statistics import unpaired
from simulate.store import write_run
from simulate.unfinished import Unfinished, begin

STARTED = datetime(2025, 1, 1, tzinfo=UTC)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</style><b>",
    "{{7*7}}",
    "$\\input{x}$",
    "=cmd()",
    "a\x1b[31mb",
    "x\u202ey",
    "中文 组",
    '_ % & # $ ~ ^ \\ { } | ` " -- [1pt] *',
    "[2pt]",
    "@all https://a.b #1",
    "l" * 90,
)
BLOCKS = {"h1", "h2", "p", "ol", "ul", "li", "blockquote", "pre", "code", "strong"}
BRIEF_TAGS = BLOCKS | {"table", "thead", "tbody", "tr", "th", "td"}


@pytest.fixture(autouse=True)
def two_figures(monkeypatch):
    """Figures have tests of their own; here they only have to be carried."""
    monkeypatch.setattr(page_module, "FIGURES", {name: FIGURES[name] for name in ("lies", "who_gains")})


def write_game(folder: Path, scenario, **settings) -> Path:
    config = load(scenario, settings)
    write_run(folder, config, play(config), STARTED, {"device": "cpu"})
    return folder


@pytest.fixture(scope="module")
def contest(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "contest"
    played = compare("two_camps", ["no_payment", "vcg", "pay_as_reported"], {"rounds": 4, "replicates": 3})
    write_contest(folder, played, STARTED, {"device": "cpu"})
    return folder


@pytest.fixture(scope="module")
def hostile_folder(tmp_path_factory):
    n = len(HOSTILE)
    agents = [{"name": name, "rewards": list(np.eye(n)[i])} for i, name in enumerate(HOSTILE)]
    scenario = {"name": "names", "summary": HOSTILE[1], "reference": [1 / n] * n, "agents": agents}
    return write_game(tmp_path_factory.mktemp("runs") / "hostile", scenario, rounds=1, replicates=1)


@pytest.fixture
def hostile(hostile_folder) -> Report:
    return report_of([hostile_folder])


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.add(tag)
        assert not any(name.startswith("on") for name, _ in attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def shown(name: str) -> str:
    return " ".join(str(visible(name)).split())


def check_html(report: Report) -> None:
    files = OUTPUTS["html"](report).files
    seen = Tags(files["index.html"].decode())
    assert "script" not in seen.found
    assert all(shown(name) in " ".join(seen.text.split()) for name in HOSTILE)
    assert not any(b"<script" in content for content in files.values() if content.startswith(b"<?xml"))


def check_markdown(report: Report) -> None:
    text = OUTPUTS["markdown"](report).files["report.md"].decode()
    seen = Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(text))
    assert seen.found <= BRIEF_TAGS
    said = seen.text.replace("\u200b", "")
    assert shown(HOSTILE[1])[1:] in said  # the summary, whose first letter is made large
    assert not re.search("[\x1b\u202e]", text)


def check_tables(report: Report) -> None:
    files = OUTPUTS["tables"](report).files
    rows = list(csv.DictReader(io.StringIO(files["tables/agents.csv"].decode(), newline="")))
    assert [row["agent"].removeprefix("'") for row in rows] == list(HOSTILE)
    assert not any(row["agent"].startswith(("=", "+", "-", "@")) for row in rows)
    assert list(pd.read_parquet(io.BytesIO(files["tables/agents.parquet"]))["agent"]) == list(HOSTILE)
    written = files["tables/agents.tex"].decode()
    assert written.isascii()
    assert "[U+4E2D][U+6587]" in written
    assert "\\input" not in written
    plain = re.sub(r"\\(textbackslash|[a-z]+\{\}|char34|ttfamily|[_%&#${}])", "", written.split("\\midrule")[1])
    assert not re.search(r"[_%#~^]", plain.split("\\bottomrule")[0])


def check_pdf(report: Report) -> None:
    pytest.importorskip("weasyprint", reason="needs trueward[pdf]", exc_type=(ImportError, OSError))
    content = OUTPUTS["pdf"](report).files["report.pdf"]
    assert content.startswith(b"%PDF-")
    assert not re.search(rb"/(JavaScript|JS|EmbeddedFile|URI|Launch)\b", content)


CHECKS = {"html": check_html, "markdown": check_markdown, "tables": check_tables, "pdf": check_pdf}


@pytest.mark.parametrize("name", OUTPUTS)
def test_hostile_names_are_text_in_every_output(name, hostile):
    CHECKS[name](hostile)


@pytest.fixture(scope="module")
def hostile_texts(tmp_path_factory):
    """A run whose responses say hostile things: what a language model wrote is nobody's friend."""
    n = len(HOSTILE)
    scenario = {"name": "texts", "reference": [1 / n] * n, "agents": [{"name": "only", "rewards": list(np.eye(n)[0])}]}
    folder = write_game(tmp_path_factory.mktemp("runs") / "texts", scenario, rounds=1, replicates=1)
    said = pd.read_parquet(folder / "policies.parquet")
    said.assign(text=pd.Series(HOSTILE, dtype="string")[said["response"]].array).to_parquet(folder / "policies.parquet")
    return folder


@pytest.fixture
def texts(hostile_texts, monkeypatch) -> Report:
    monkeypatch.setattr(page_module, "FIGURES", {"before_and_after": FIGURES["before_and_after"]})
    return report_of([hostile_texts])


def test_hostile_response_texts_are_text_in_every_output(texts, hostile_texts):
    page = OUTPUTS["html"](texts).files
    assert "script" not in Tags(page["index.html"].decode()).found
    image = page["figures/before_and_after.svg"]
    root = ElementTree.fromstring(image)
    assert not [one for one in root.iter() if one.tag.rsplit("}")[-1] in ("script", "foreignObject", "a")]
    assert not [name for one in root.iter() for name in one.attrib if name.lower().startswith("on")]
    drawn = FIGURES["before_and_after"].draw(read_games([hostile_texts])).findobj(Text)
    assert not any(text.get_parse_math() for text in drawn if "$" in text.get_text())
    said = "".join(text.get_text() for text in drawn)
    assert all(each in said for each in ("=cmd()", "$\\input{x}$", "中文 组", "{{7*7}}"))
    assert not re.search("[\x1b\u202e]", image.decode() + said)
    files = OUTPUTS["tables"](texts).files
    kept = pd.read_parquet(io.BytesIO(files["tables/before_and_after.parquet"]))
    assert set(kept["text"]) <= set(HOSTILE)
    assert len(kept) == 10
    rows = list(csv.DictReader(io.StringIO(files["tables/before_and_after.csv"].decode(), newline="")))
    assert not any(row["text"].startswith(("=", "+", "-", "@")) for row in rows)
    assert "\\input" not in files["tables/before_and_after.tex"].decode()
    brief = OUTPUTS["markdown"](texts).files["report.md"].decode()
    assert Tags(MarkdownIt("commonmark", {"html": True}).enable("table").render(brief)).found <= BRIEF_TAGS
    check_pdf(texts)


def test_one_agent_one_run_one_replicate_has_all_outputs(hostile_texts, tmp_path):
    written = write_formats([hostile_texts], tmp_path / "out")
    assert {"index.html", "report.md", "tables/verdict.tex", "tables/missing.csv"} <= set(written.files)
    assert "one replicate" in (tmp_path / "out" / "report.md").read_text()
    verdict = pd.read_csv(tmp_path / "out" / "tables" / "verdict.csv")
    assert (verdict["settled_low"] <= verdict["settled_share"]).all()
    assert "not measured" in Tags((tmp_path / "out" / "index.html").read_text()).text
    assert "[-, -]" not in Tags((tmp_path / "out" / "index.html").read_text()).text
    again = write_formats([hostile_texts], tmp_path / "out", ["markdown"])
    assert "index.html there is of an earlier report" in again.notes


def test_every_output_says_what_the_page_says(contest):
    report = report_of([contest])
    brief = OUTPUTS["markdown"](report).files["report.md"].decode()
    for heading in ("## Worst replicates", "## Model description", "## Checklist", "p (Holm)"):
        assert heading in brief
    frames = report.frames
    assert len(frames["paired"]) == len(report.context["pairs"]) * 3 / 2  # three pairs, of which the best is in two
    assert frames["paired"]["p_holm"].ge(frames["paired"]["p"]).all()
    assert frames["worst"]["command"].str.startswith("trueward run ").all()
    assert len(set(frames["model_description"]["element"])) == 7
    assert len(frames["checklist"]) == len(report.context["checklist"])


def test_of_many_missing_runs_ten_are_named_and_all_are_in_a_table(contest, tmp_path):
    folder = shutil.copytree(contest, tmp_path / "contest")
    verdict = json.loads((folder / "comparison.json").read_text())
    verdict["mechanisms"] += [{"name": f"m{i}"} for i in range(40)]
    (folder / "comparison.json").write_text(json.dumps(verdict))
    report = report_of([folder])
    said = report.context["missing"]
    assert said.startswith("40 of 43 runs cannot be read.")
    assert said.count("its folder is not there") == 10
    assert "and 30 more, all named in tables/missing.csv" in said
    assert len(report.frames["missing"]) == 40


def test_a_damaged_comparison_says_how_to_go_on(contest, tmp_path):
    folder = shutil.copytree(contest, tmp_path / "contest")
    (folder / "comparison.json").write_text('{"mechanisms": ')
    with pytest.raises(BadInput, match="can be given one by one"):
        report_of([folder])
    assert len(report_of([folder / "vcg", folder / "no_payment"]).context["rows"]) == 2


@pytest.mark.parametrize("name", [pytest.param(n, marks=pytest.mark.slow) if n == "pdf" else n for n in OUTPUTS])
def test_the_same_report_is_the_same_bytes(name, contest):
    first, second = (OUTPUTS[name](report_of([contest])).files for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", HOSTILE)
def test_markdown_keeps_every_name(name):
    from reports.outputs.markdown import plain

    row = f"| a | b |\n|---|---|\n| {plain(name)} | 1 |\n\n{plain(name)}\n"
    rendered = MarkdownIt("commonmark", {"html": True}).enable("table").render(row)
    assert Tags(rendered).found <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
    cell = re.search(r"<tbody>\s*<tr>\s*<td>(.*?)</td>", rendered)
    assert unescape(cell.group(1)).replace("\u200b", "") == shown(name)
    assert not re.search(r"(?<![\u200b])(://|(?<=@)\w)", unescape(rendered))


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="needs pdflatex (texlive-latex-recommended)")
@pytest.mark.slow
def test_tables_compile(hostile, contest, tmp_path):
    parts = [
        t.decode()
        for r in (hostile, report_of([contest]))
        for n, t in OUTPUTS["tables"](r).files.items()
        if n.endswith(".tex")
    ]
    for encoding in ("", "\\usepackage[T1]{fontenc}"):
        body = "\n\n".join(f"\\tiny {part}" for part in parts) + latex(
            "ÀÿßæøÆØ éñ \u2013 \u2014 \u2026 \u2018 \u2019 \u201c \u201d ж 😀"
        )
        document = (
            f"\\documentclass{{article}}{encoding}\\usepackage{{booktabs}}\\begin{{document}}{body}\\end{{document}}"
        )
        (tmp_path / "all.tex").write_text(document, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "all.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace", timeout=120)
        assert done.returncode == 0, done.stdout[-2000:]
        assert "Missing character" not in (tmp_path / "all.log").read_text(errors="replace")


def test_long_tables_are_cut_in_print_and_say_so():
    frame = pd.DataFrame({"a_b": np.arange(MOST_ROWS + 7), "c": -0.5, "d": None})
    written = latex_table(frame, "lies")
    assert written.count("$-0.5$") == MOST_ROWS
    assert "7 more rows are in lies.csv" in written
    assert "None" not in written


def test_formats_are_chosen_by_name(contest, tmp_path):
    written = write_formats([contest], tmp_path, ["markdown"])
    assert written.files == ("report.md",)
    assert written.page == tmp_path / "report.md"
    with pytest.raises(BadInput, match="did you mean 'markdown'"):
        write_formats([contest], tmp_path, ["markdwon"])
    with pytest.raises(BadInput, match="no format"):
        write_formats([contest], tmp_path, [])


def test_without_weasyprint_the_other_outputs_are_written(contest, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    written = write_formats([contest], tmp_path)
    assert {"index.html", "report.md", "tables/verdict.tex"} <= set(written.files)
    assert "report.pdf" not in written.files
    assert "trueward[pdf]" in written.notes[0]
    with pytest.raises(BadInput, match=r"trueward\[pdf\]"):
        write_formats([contest], tmp_path, ["pdf"])


def test_only_the_pages_own_figures_reach_the_pdf(tmp_path):
    weasyprint = pytest.importorskip("weasyprint", reason="needs trueward[pdf]", exc_type=(ImportError, OSError))
    from reports.outputs.pdf import _only

    secret = tmp_path / "secret.svg"
    secret.write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><text y="9">secret</text></svg>')
    inner = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{secret.as_uri()}"/></svg>'
    uri = "data:image/svg+xml;base64," + base64.b64encode(inner.encode()).decode()
    text = f'<img src="{uri}"><link rel="attachment" href="{secret.as_uri()}">'
    asked: list[str] = []
    inside = _only({uri})

    class Listening(type(inside)):
        def fetch(self, url, headers=None):
            asked.append(url)
            return super().fetch(url, headers)

    content = weasyprint.HTML(string=text, url_fetcher=Listening(allowed_protocols={"data"})).write_pdf()
    assert asked.count(secret.as_uri()) >= 1
    assert uri in asked
    assert b"EmbeddedFile" not in content
    with pytest.raises(ValueError, match="not a figure"):
        inside.fetch(secret.as_uri())
    with pytest.raises(ValueError, match="not a figure"):
        inside.fetch("data:text/css,p{color:red}")


def damaged(contest: Path, tmp_path: Path, how: str) -> Path:
    folder = shutil.copytree(contest, tmp_path / "contest")
    vcg = folder / "vcg"
    if how == "gone":
        shutil.rmtree(vcg)
    elif how == "cut":
        whole = (vcg / "rounds.parquet").read_bytes()
        (vcg / "rounds.parquet").write_bytes(whole[: len(whole) // 2])
    elif how == "no summary":
        (vcg / "summary.json").unlink()
    elif how == "interrupted":
        begin(
            vcg, (contest / "vcg" / "config.toml").read_text(), Unfinished("run", None, "cpu", "float64", "2025-01-01")
        )
    return folder


@pytest.mark.parametrize(
    ("how", "word"),
    [
        ("gone", "not there"),
        ("cut", "rounds.parquet|not a complete"),
        ("no summary", "summary.json"),
        ("interrupted", "resume vcg"),
    ],
)
def test_missing_runs_are_said_before_any_number(contest, tmp_path, how, word):
    folder = damaged(contest, tmp_path, how)
    written = write_report([folder], tmp_path / "out", ["html", "markdown"])
    for text in (Tags(written.read_text()).text.split("Trueward report")[1], (tmp_path / "out/report.md").read_text()):
        before = text.partition("Missing runs")
        assert before[1]
        assert not re.search(r"\d", before[0])
        said = before[2].split("alone.")[0]
        assert said.strip("*. ").startswith("1 of 3 runs cannot be read. vcg: ")
        assert re.search(word, said.replace("\\", ""))
        assert str(tmp_path) not in text
    assert {game.name for game in read_games([folder])} == {"no_payment", "pay_as_reported"}


def test_a_folder_in_which_nothing_can_be_read_is_refused(contest, tmp_path):
    folder = shutil.copytree(contest, tmp_path / "contest")
    for name in ("vcg", "no_payment", "pay_as_reported"):
        shutil.rmtree(folder / name)
    with pytest.raises(BadInput, match="no run can be read"):
        write_report([folder])
    begun = tmp_path / "begun"
    begin(begun, "", Unfinished("compare", None, "cpu", "float64", "2025-01-01", ("vcg", "no_payment")))
    (begun / "config.toml").write_text((contest / "vcg" / "config.toml").read_text())
    with pytest.raises(BadInput, match="resume begun"):
        write_report([begun])


def test_a_file_cut_or_changed_anywhere_is_a_missing_run(contest, tmp_path):
    whole = (contest / "vcg" / "outcomes.parquet").read_bytes()
    folder = shutil.copytree(contest, tmp_path / "contest")
    rng = np.random.default_rng(0)
    for cut in rng.integers(0, len(whole), 25):
        (folder / "vcg" / "outcomes.parquet").write_bytes(whole[:cut])
        assert [one.name for one in read_runs([folder]).absent] == ["vcg"]
    for place in rng.integers(0, len(whole), 25):
        (folder / "vcg" / "outcomes.parquet").write_bytes(whole[:place] + b"\xff\x00" + whole[place + 2 :])
        assert len(read_runs([folder]).games) >= 2
    (folder / "vcg" / "outcomes.parquet").write_bytes(whole)
    for name in ("manifest.json", "config.toml", "summary.json"):
        kept = (folder / "vcg" / name).read_bytes()
        for broken in (b"", b"\xff\xfe", b"[]", kept[: len(kept) // 2]):
            (folder / "vcg" / name).write_bytes(broken)
            assert [one.name for one in read_runs([folder]).absent] == ["vcg"]
        (folder / "vcg" / name).write_bytes(kept)
    assert read_runs([folder]).absent == ()


@pytest.mark.parametrize("other", [{"seed": 5}, {"replicates": 5}])
def test_a_comparison_that_is_not_paired_says_so(contest, tmp_path, other):
    settings = {"rounds": 4, "replicates": 3, "mechanism": "vcg", **other}
    vcg = write_game(tmp_path / "vcg", "two_camps", **settings)
    page = write_report([contest / "no_payment", vcg], tmp_path / "out", ["html", "markdown"])
    for text in (page.read_text(), (tmp_path / "out" / "report.md").read_text()):
        assert "Not a paired comparison" in text
        assert ("seeds differ" if "seed" in other else "same replicates") in text
        assert "Paired differences" not in text
        assert "unpaired difference" in text
    study = study_of(read_games([contest / "no_payment", vcg]))
    assert set(study.sizes.values()) == ({3} if "seed" in other else {3, 5})
    paired = Tags(write_report([contest], tmp_path / "paired", ["html"]).read_text()).text
    assert "Paired differences" in paired
    assert "Not a paired comparison" not in paired


def test_unpaired_differences_are_those_of_a_loop():
    rng = np.random.default_rng(3)
    a, b = rng.normal(1, 1, 7), np.append(rng.normal(0, 1, 4), np.nan)
    found = unpaired(a, b)
    assert found.difference == pytest.approx(a.mean() - b[:4].mean())
    assert found.larger == pytest.approx(np.mean([x > y for x in a for y in b[:4]]))
    assert unpaired(a, a).larger == pytest.approx(0.5)
    assert unpaired(a, np.array([np.nan])).difference != unpaired(a, a).difference
    many = rng.normal(1, 1, 4000), rng.normal(0, 2, 4000)
    wide = unpaired(*many)
    assert (wide.high - wide.low) / 2 == pytest.approx(1.96 * np.sqrt(5 / 4000), rel=0.1)


def test_fewer_replicates_than_asked_are_said(contest, tmp_path):
    folder = shutil.copytree(contest / "vcg", tmp_path / "vcg")
    for name in ("rounds", "outcomes"):
        frame = pd.read_parquet(folder / f"{name}.parquet")
        frame[frame["replicate"] < 2].to_parquet(folder / f"{name}.parquet")
    assert "vcg holds 2 of the 3 replicates" in write_report([folder], tmp_path / "out", ["html"]).read_text()


def test_the_command_says_what_it_wrote(contest, tmp_path):
    command = ["report", str(contest), "--format", "tables", "--json", "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(app, command, catch_exceptions=False)
    told = json.loads(done.stdout)
    assert Path(told["report"]) == tmp_path / "out" / "tables"
    assert {Path(name).suffix for name in told["files"]} == {".csv", ".parquet", ".tex"}
    assert all(Path(name).is_file() for name in told["files"])
