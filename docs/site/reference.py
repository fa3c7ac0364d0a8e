"""The reference: a page for the command line and one for each catalogue, written from the code whenever it is built."""

from __future__ import annotations

import io
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import typer
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from ruamel.yaml import YAML
from typer.cli import get_docs_for_click
from typer.main import get_command

from reports.cli.app import app

PAGES = {  # page: title, where its catalogue is
    "training-rules": ("Training rules", "mechanisms.training_rules"),
    "payments": ("Payment rules", "mechanisms.payments"),
    "divergences": ("Divergences", "mechanisms.divergences"),
    "fine-tuners": ("Fine-tuners", "mechanisms.fine_tuners"),
    "messages": ("Message spaces", "mechanisms.messages"),
    "repeated": ("Repeated mechanisms", "mechanisms.repeated"),
    "axioms": ("Axioms", "mechanisms.axioms"),
    "strategies": ("Strategies", "strategies"),
    "menus": ("Menus of lies", "strategies.menus"),
    "scenarios": ("Scenarios", "simulate.scenarios"),
    "open-text": ("Games on open text", "simulate.fine_tuning.games"),
    "rewards": ("Reward models in the code", "simulate.pools.rewards"),
    "metrics": ("Metrics", "simulate.metrics"),
    "equilibria": ("Equilibrium concepts", "simulate.equilibria"),
    "dynamics": ("Dynamics", "simulate.dynamics"),
    "processes": ("Finite populations", "simulate.dynamics.finite"),
    "objectives": ("Objectives of a design", "simulate.design"),
    "theorems": ("Theorems", "simulate.theorems"),
    "figures": ("Figures", "reports.figures"),
    "tables": ("Tables", "reports.tables"),
    "benchmarks": ("Benchmarks", "simulate.benchmarks"),
}
SPECIAL = str.maketrans({**{mark: f"\\{mark}" for mark in "\\*_[]>#"}, "<": "&lt;"})


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Adds the pages; mkdocs calls this once, before it reads the files."""
    written = {page: catalogue_page(*about) for page, about in PAGES.items()} | {"command-line": command_line()}
    for page, text in written.items():
        files.append(File.generated(config, f"reference/{page}.md", content=text))
    return files


def command_line() -> str:
    """Every command with its options, as typer documents itself."""
    command = get_command(app)
    text = get_docs_for_click(obj=command, ctx=typer.Context(command), name="trueward")
    return text.replace("# `trueward`", "# The command line", 1)


def catalogue_page(title: str, home: str) -> str:
    """The catalogue's own sentence, then a heading for every entry, in the order of the catalogue."""
    module = import_module(home)
    ((name, catalogue),) = [(n, v) for n, v in vars(module).items() if n.isupper() and isinstance(v, dict)]
    head = [f"# {title}", *_paragraphs(module.__doc__)]
    where = f"`from {home} import {name}`; in the source, `{Path(*home.split('.'))}/`."
    return "\n\n".join([*head, where, *(_entry(key, value) for key, value in catalogue.items())]) + "\n"


def _entry(name: str, entry: Any) -> str:
    if hasattr(entry, "__qualname__"):
        about = _paragraphs(import_module(entry.__module__).__doc__)[0].translate(SPECIAL)
        return f"## {name}\n\n{about}\n\n::: {entry.__module__}.{entry.__qualname__}"
    return f"## {name}\n\n{_data(entry)}"


def _data(entry: Any) -> str:
    """An entry without a docstring: what it says of itself, and a scenario as the file it could have been."""
    if isinstance(entry, Mapping):
        text = io.StringIO()
        YAML().dump(dict(entry), text)
        return f"{_sentence(entry['summary'])}\n\n```yaml\n{text.getvalue()}```"
    for attribute in ("statement", "summary", "title"):
        if hasattr(entry, attribute):
            return _sentence(getattr(entry, attribute))
    raise TypeError(f"{type(entry).__name__}: an entry has a docstring, a statement, a summary or a title")


def _sentence(text: str) -> str:
    text = text.translate(SPECIAL)
    return f"{text[0].upper()}{text[1:].removesuffix('.')}."


def _paragraphs(text: str | None) -> list[str]:
    return [" ".join(part.split()) for part in (text or "").strip().split("\n\n")]
