"""The commands `trueward pool build` and `trueward pool show`."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from simulate.pools import POOLS, load_pool
from simulate.pools.recipe import read_recipe

pool_app = typer.Typer(
    no_args_is_help=True, help="Pools of real language-model responses, scored by real reward models."
)
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


@pool_app.command("build", epilog="Example: trueward pool build my_recipe.toml --out my_pool")
def build_command(
    recipe: Annotated[Path, typer.Argument(help="A recipe in TOML: model, prompts, sampling law, reward models.")],
    out: Annotated[Path, typer.Option(help="The folder to write; it must not hold anything yet.")],
    seed: Annotated[int | None, typer.Option(min=0, help="Instead of the recipe's seed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Sample responses of a language model, score them and write the pool to a folder (minutes on a CPU)."""
    with _one_sentence():
        plan = read_recipe(recipe)
        # here, so that a wrong recipe is refused before torch is loaded
        from simulate.pools.build import ENOUGH, build
        from simulate.pools.rewards import REWARDS
        from simulate.pools.storage import write
        from simulate.pools.summary import summary

        plan = plan if seed is None else plan.model_copy(update={"seed": seed})
        if out.exists() and (not out.is_dir() or any(out.iterdir())):
            raise ValueError(f"--out {str(out)!r} is there already; allowed is a new or an empty folder")
        with _progress() as report, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # told below, as a sentence
            pool = build(plan, REWARDS, report)
        write(pool, out)
    document = summary(pool)
    if document["thin_prompts"]:
        numbers = ", ".join(str(p + 1) for p in document["thin_prompts"])
        sizes = f"fewer than {ENOUGH} effective samples at beta {plan.beta}"
        typer.echo(f"{recipe}: {sizes} for prompt {numbers}; take more samples or a larger beta", err=True)
    _print({**document, "out": str(out)}, as_json)


@pool_app.command("show", epilog="Example: trueward pool show story_tones --responses 3")
def show_command(
    pool: Annotated[str, typer.Argument(help=f"A pool that ships with the project ({', '.join(POOLS)}), or a folder.")],
    responses: Annotated[int, typer.Option(min=0, help="How many responses of every prompt to print.")] = 0,
    as_json: AsJson = False,
) -> None:
    """What is in a pool: prompts, reward models, how far they agree, and how many samples it is worth."""
    from simulate.pools.summary import summary

    with _one_sentence():
        document = summary(load_pool(pool), responses)
    _print(document, as_json)


@contextmanager
def _one_sentence() -> Iterator[None]:
    """Bad input ends with exit code 2 and a sentence on stderr."""
    try:
        yield
    except ValueError as reason:
        typer.echo(str(reason), err=True)
        raise typer.Exit(2) from reason


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar on stderr, only where stderr is a terminal."""
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    console = Console(stderr=True)
    with Progress(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, steps, doing: bar.update(task, completed=done, total=steps, description=doing)


def _print(document: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(document, ensure_ascii=False, allow_nan=False))
        return
    from simulate.pools.tables import tables

    console = Console()
    for table in tables(document):
        console.print(table)
    for number, row in enumerate(document["prompts"], start=1):
        for response in row["responses"]:
            scores = "  ".join(f"{label} {value:.2f}" for label, value in response["rewards"].items())
            console.print(Text(f"\n{number}. x{response['count']}  {scores}\n{response['text']}"))
