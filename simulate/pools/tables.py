"""The summary of a pool as tables for a terminal of eighty columns."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

WORDS = {"", "prompt", "label", "raw score"}  # the columns that hold words; the others hold numbers


def tables(document: dict[str, Any]) -> Iterator[Table]:
    """Prompts, reward models, mean reward by prompt, correlation; ``document`` is `summary`'s."""
    prompts, rewards = document["prompts"], document["rewards"]
    labels = [reward["label"] for reward in rewards]
    law = f"{document['samples']} samples a prompt, temperature {document['temperature']}"
    yield _table(
        f"{document['name']}: {document['model']['name']}, {law}",
        ["#", "prompt", "different"],
        [[str(n), row["prompt"], str(row["distinct"])] for n, row in enumerate(prompts, start=1)],
    )
    yield _table(
        "reward models: (raw score - worth 0) / (worth 1 - worth 0), clipped to [0, 1]",
        ["label", "raw score", "worth 0", "worth 1"],
        [[r["label"], r["description"], f"{r['low']:g}", f"{r['high']:g}"] for r in rewards],
    )
    sizes = {
        "truthful": [row["effective_sample_size"] for row in prompts],
        "one x 4": [row["least_effective_sample_size_overstated"] for row in prompts],
    }
    numbers = [str(n) for n in range(1, len(prompts) + 1)]
    yield _table(
        f"effective samples by prompt at beta {document['beta']}, all truthful; worst with one weight x 4",
        ["", *numbers],
        [[name, *(f"{value:.0f}" for value in row)] for name, row in sizes.items()],
    )
    yield _table(
        "mean reward by prompt",
        ["", *numbers],
        [[label, *(f"{row['rewards'][label]:.2f}" for row in prompts)] for label in labels],
    )
    rows = zip(labels, document["correlation"], strict=True)
    yield _table(
        "correlation of the rewards within a prompt",
        ["", *labels],
        [[label, *(f"{value:+.2f}" for value in row)] for label, row in rows],
    )


def _table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    """Text, never markup: prompts and labels may hold square brackets."""
    table = Table(title=Text(title), title_justify="left", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for heading in headings:
        table.add_column(Text(heading), justify="left" if heading in WORDS else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
