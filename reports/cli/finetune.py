"""`trueward finetune`: one real fine-tune of a language model on open text."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table
from rich.text import Text

from reports.cli.options import (
    DeviceOption,
    JsonOption,
    OutOption,
    OverwriteOption,
    SeedOption,
    SetOption,
    checked_device,
    next_folder,
    print_json,
    settings,
)
from simulate.errors import BadInput, printable
from simulate.fine_tuning.begun import how_to_resume, is_done, is_fine_tune
from simulate.fine_tuning.plan import plan_of
from simulate.load import load

if TYPE_CHECKING:
    from simulate.config import Config
    from simulate.fine_tuning.training import Progress, Watch

GAME = Annotated[str, typer.Argument(help="two_tones, two_letters, or a .toml, .yaml or .json file of a game.")]
COLUMNS = ("before", "after", "difference", "payment")
STEPS = Annotated[int | None, typer.Option(min=1, help="Steps of training (default: the game's).")]
RESUME = Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint in --out, to the same numbers.")]


def finetune_command(
    game: GAME,
    out: OutOption = None,
    steps: STEPS = None,
    seed: SeedOption = None,
    device: DeviceOption = "cpu",
    set_: SetOption = None,
    overwrite: OverwriteOption = False,
    resume: RESUME = False,
    as_json: JsonOption = False,
) -> None:
    """Fine-tune a language model on what agents report, and say what changed, for whom, and who pays what.

    Payments come from the samples of the one trained model; where samples are too few for one, it is not stated.
    """
    tuner = "mechanism.fine_tuner"
    named = {"seed": seed, f"{tuner}.seed": seed, f"{tuner}.steps": steps}
    config = load(game, settings(set_, "--set", **named))
    plan_of(config, game)
    from simulate.fine_tuning.run import finetuned

    folder = _folder(config, game, out, overwrite, resume)
    if resume:
        finish_finetune(folder, as_json)
        return
    where = checked_device(device)
    with _watched(config.name, folder) as watch:
        summary = finetuned(config, game, folder, where, watch)
    _tell(summary, folder, as_json)


def finish_finetune(folder: Path, as_json: bool) -> None:
    """Go on with an interrupted fine-tune to its end; tell the outcome of one that has ended.  Raises BadInput."""
    from simulate.fine_tuning.run import resumed

    with _watched(folder.name, folder) as watch:
        summary = resumed(folder, watch)
    _tell(summary, folder, as_json)


def _folder(config: Config, game: str, out: Path | None, overwrite: bool, resume: bool) -> Path:
    """Where to write, or to go on.  Raises BadInput."""
    from simulate.fine_tuning.folder import require_same
    from simulate.store import fresh_folder

    if not resume:
        folder = out or next_folder(f"{config.name}-finetune")
        if folder.is_dir() and is_fine_tune(folder) and not is_done(folder) and not overwrite:
            raise BadInput(
                f"{folder} holds an interrupted fine-tune; {how_to_resume(folder)}, --overwrite begins again"
            )
        return fresh_folder(folder, overwrite)
    if out is None or overwrite:
        raise BadInput("--resume needs --out, the folder of an interrupted fine-tune, and no --overwrite")
    if not is_fine_tune(out):
        raise BadInput(f"--out {str(out)!r} is not the folder of a fine-tune; --resume has nothing to go on from")
    require_same(out, config, game)
    return out


@contextmanager
def _watched(name: str, folder: Path) -> Iterator[Watch]:
    """A bar on stderr where that is a terminal; whoever interrupts is told how to go on."""
    words = ("{task.description}", "{task.fields[seen]}")
    columns = (TextColumn(words[0]), BarColumn(8), MofNCompleteColumn(), TextColumn(words[1]), TimeRemainingColumn())
    console = Console(stderr=True)
    try:
        with Bar(*columns, console=console, transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(f"{name}: loading", total=None, seen="")

            def watch(progress: Progress) -> None:
                doing, seen = progress.doing, _seen(progress)
                bar.update(task, total=progress.steps, completed=progress.done, description=doing, seen=seen)

            yield watch
    except KeyboardInterrupt:
        if is_fine_tune(folder):  # otherwise nothing had begun
            print(f"trueward: interrupted; {how_to_resume(folder)}", file=sys.stderr)
        raise


def _seen(progress: Progress) -> str:
    """Speed, reward of each agent and KL of the step just taken."""
    if not progress.rewards:
        return ""
    rewards = " ".join(f"{reward:.3f}" for reward in progress.rewards)
    return f"{progress.tokens_per_second:.0f} tokens/s reward {rewards} KL {progress.kl:.2f}"


def _tell(summary: dict[str, Any], folder: Path, as_json: bool) -> None:
    if as_json:
        print_json({**summary, "out": str(folder)})
        return
    _show(summary["game"], summary)
    typer.echo(str(folder))


def _show(name: str, summary: dict[str, Any]) -> None:
    from reports.fine_tunes.sentences import interval, refusals

    console = Console()
    title = f"{name}: rewards before and after one fine-tune of {summary['language_model']}"
    table = Table(title=Text(title), title_justify="left")
    for heading in ("agent", *COLUMNS):
        table.add_column(heading, justify="left" if heading == "agent" else "right", no_wrap=heading != "agent")
    for row in summary["agents"]:
        cells = [interval(row[key]).replace(" ", "\n", 1) for key in COLUMNS]
        table.add_row(Text(printable(row["name"]) + (" (lies)" if row["lies"] else "")), *map(Text, cells))
    console.print(table)
    for key in ("social_welfare", "objective", "reported_objective", "kl", "gap"):
        console.print(f"{key:>20}  {interval(summary[key])}", highlight=False)
    for sentence in refusals(summary):
        console.print(Text(printable(sentence)))
    for pair in summary["texts"]:
        console.print(Text(f"\n{printable(pair['prompt']) or '(no prompt)'}", style="bold"))
        for stage in ("before", "after"):
            console.print(Text(f"  {stage:>6}: {printable(pair[stage])}"))
